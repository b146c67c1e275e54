import type {
  RecurCotangents,
  RecurGradients,
  RecurOutputs,
  RecurRequest,
  RecurTensors,
} from '@gatewise/recurrence';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { addMasks, Call, type Origin } from './call.js';
import { factsOf } from './facts.js';
import type { Notes } from './forward.js';
import { rowsSheet, stepsSheet, transposedSheet, upstreamSheet } from './into-sheets.js';
import { checkAlive, type Limits } from './limits.js';
import { fromBlocks, fromRows, fromSteps } from './out-of-sheets.js';
import { type Passes, passesOf } from './passes.js';
import type { SumPass } from './product-passes.js';

/** Backpropagation through time: one draw a step (two where the cell has an operand), then the products over all steps. */
export function backward(
  request: RecurRequest,
  tensors: RecurTensors,
  outputs: RecurOutputs,
  { dy, dfinal }: RecurCotangents,
  limits: Limits,
  origin: Origin,
): RecurGradients {
  const { program: p, B, H } = request;
  const facts = factsOf(request);
  const call = new Call(request, facts, origin);
  const passes = passesOf(facts, limits);
  const { step, first, vectors } = passes.backward!;
  recall(call, outputs);
  const mask = call.single.get('M') ?? null;
  if (tensors.R) call.single.set('RT', transposedSheet(tensors.R, p.recurrent.length));
  addMasks(call, tensors, (x) => rowsSheet(call.order, x));
  // what arrived at the first state goes along with dY, what arrived at the others lies after the last step
  const unread = request.padding === 'zeros' ? mask : null;
  call.single.set('dY', upstreamSheet(call.order, dy, dfinal[0]!, unread));
  for (let k = 1; k < p.state.length; k++) call.last.set(`dp${k}`, rowsSheet(call.order, dfinal[k]!));
  call.steps(step, true);
  call.once(first, call.order.B4, H, { parity: 1 });
  call.allSteps(vectors);
  const dstate0 = p.state.map((_, k) =>
    fromRows(B, H, k === 0 ? call.single.get('d0')! : call.pair(`dp${k}`)[0], 0),
  );
  const deltas = () => p.state.map((_, k) => call.pair(`ds${k}`));
  return {
    dx: request.dx === 'surely' ? inputGradient(call, tensors.W, passes) : null,
    dA: null,
    ...(request.dx === 'perhaps' && { later: inputGradientLater(call, passes, origin) }),
    ...weightGradients(call, tensors, passes, limits),
    dstate0,
    dprobe: request.probe ? fromSteps(call.order, deltas(), H) : null,
  };
}

/** Takes what forward kept. */
function recall(call: Call, { reserve, notes }: RecurOutputs): void {
  const { pairs, first, single } = notes as Notes;
  let at = 0;
  for (const name of pairs) call.pairs.set(name, [reserve[at++]!, reserve[at++]!]);
  for (const name of first) call.first.set(name, reserve[at++]!);
  for (const name of single) call.single.set(name, reserve[at++]!);
}

function inputGradient(call: Call, W: Tensor, { dX }: Passes): Tensor {
  const { I, program } = call.request;
  call.single.set('WT', transposedSheet(W, program.input.length));
  const columns = Math.ceil(I / dX.outputs.length);
  call.allSteps([dX], columns);
  const pairs = dX.outputs.map((name) => call.pair(name, columns));
  return fromSteps(call.order, pairs, I, { mixed: true });
}

/** dX for somebody who asks afterwards: δA stays as it lies. */
function inputGradientLater(
  call: Call,
  passes: Passes,
  origin: Origin,
): NonNullable<RecurGradients['later']> {
  const { request, facts } = call;
  const own = new Call(request, facts, origin);
  facts.inputAt.forEach((at, q) => {
    if (at >= 0) own.pairs.set(`da${q}`, call.pair(`da${q}`));
  });
  const dx = (W: Tensor) => {
    checkAlive();
    return inputGradient(own, W, passes);
  };
  return { kept: [...own.pairs.values()].flat(), dx };
}

function weightGradients(call: Call, tensors: RecurTensors, passes: Passes, { side }: Limits) {
  const { request, facts, order } = call;
  const { program: p, I, H } = request;
  const sheet = (name: string) => call.single.get(name)!;
  if (!request.ids) call.single.set('X', stepsSheet(order, tensors.x, call.single.get('M') ?? null));
  // pieces of W where it has more rows than a texture
  const pieces: Tensor[] = [];
  for (let from = 0; from < I; from += 4 * side) {
    const rows = Math.min(4 * side, I - from);
    pieces.push(fromBlocks(rows, H, sums(call, passes.dW, rows, 'dW', facts.inputAt, from)));
  }
  for (const name of ['s0', 'm']) {
    const start = call.first.get(name) ?? call.pairs.get(name)?.[0];
    if (start) call.single.set(`${name}_0`, start);
  }
  for (const pass of [...passes.db, ...passes.dvectors]) call.once(pass, 1, H);
  return {
    dW: pieces.length > 1 ? tf.concat(pieces, 0) : pieces[0]!,
    dR: tensors.R && fromBlocks(H, H, sums(call, passes.dR, H, 'dR', facts.recurrentAt)),
    db: fromBlocks(
      0,
      H,
      p.gates.map((_, q) => [sheet(`db${q}`)]),
    ),
    dvectors: p.vectors.map((_, k) => fromBlocks(0, H, [[sheet(`dv${k}`)]])),
  };
}

/** Draws dW or dR; its sheets by the gate's column block. */
function sums(
  call: Call,
  passes: readonly SumPass[],
  rows: number,
  kind: string,
  blockAt: readonly number[],
  from = 0,
): Tensor[][] {
  const blocks: Tensor[][] = [];
  for (const { pass, units, gates } of passes) {
    call.once(pass, Math.ceil(rows / 4), Math.ceil(call.facts.H / units), { from });
    for (const q of gates) {
      blocks[blockAt[q]!] = Array.from({ length: units }, (_, c) => call.single.get(`${kind}${q}_${c}`)!);
    }
  }
  return blocks;
}
