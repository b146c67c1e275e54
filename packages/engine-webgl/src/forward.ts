import type { RecurOutputs, RecurRequest, RecurTensors } from '@gatewise/recurrence';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { addMasks, Call, type Origin } from './call.js';
import { factsOf } from './facts.js';
import { firstOperandPass } from './forward-passes.js';
import {
  biasSheet,
  gatherSheet,
  idsSheet,
  maskSheet,
  rowsSheet,
  stepsSheet,
  vectorsSheet,
  weightsSheet,
} from './into-sheets.js';
import type { Limits } from './limits.js';
import { fromRows, fromSteps } from './out-of-sheets.js';
import { passesOf } from './passes.js';
import type { Pass } from './source.js';
import { runProgram } from './tf-program.js';

/** Where backward finds its sheets in the reserve, by name. */
export interface Notes {
  readonly pairs: readonly string[];
  readonly first: readonly string[];
  readonly single: readonly string[];
}

/** The whole sequence: X W at once, then one draw a step (two where the cell has an operand). */
export function forward(
  request: RecurRequest,
  tensors: RecurTensors,
  limits: Limits,
  origin: Origin,
): RecurOutputs & { readonly notes: Notes } {
  const { program: p, B, T, H } = request;
  const facts = factsOf(request);
  const call = new Call(request, facts, origin);
  const passes = passesOf(facts, limits);
  const mask = tensors.mask && maskSheet(call.order, tensors.mask);
  if (mask) call.single.set('M', mask);
  if (tensors.R) call.single.set('R', weightsSheet(tensors.R, p.recurrent.length));
  if (p.vectors.length > 0) call.single.set('V', vectorsSheet(tensors.vectors));
  addMasks(call, tensors, (x) => rowsSheet(call.order, x));
  project(call, tensors, passes.projection, mask);
  start(call, tensors);
  call.steps(passes.forward.step, false);
  call.allSteps(passes.forward.after);
  const padding = request.padding === 'zeros' ? mask : null;
  const y = fromSteps(call.order, [call.pair('s0')], H, { mask: padding });
  const at = ((T - 1) >> 1) * call.order.B4;
  const final = p.state.map((_, k) => fromRows(B, H, call.pair(`s${k}`)[(T - 1) & 1]!, at));
  return {
    y,
    final,
    ...(request.record ? keep(call) : { reserve: [], notes: { pairs: [], first: [], single: [] } }),
  };
}

/** Z = X W + b; where x are ids, rows of W. */
function project(call: Call, { x, W, b }: RecurTensors, passes: readonly Pass[], mask: Tensor | null): void {
  const { request, facts, order } = call;
  const { program: p, H } = request;
  call.single.set('b', biasSheet(b, p.gates.length));
  if (request.ids) {
    const ids = idsSheet(order, x, mask);
    call.single.set('ids', ids);
    const packed = runProgram('same', { X: W }, W.shape, () => copy);
    facts.inputAt.forEach((block, q) => {
      if (block >= 0) call.single.set(`Z${q}`, gatherSheet(order, ids, packed, b, H, [block, q]));
    });
    return;
  }
  call.single.set('X', stepsSheet(order, x, mask));
  call.single.set('W', weightsSheet(W, p.input.length));
  for (const pass of passes) call.once(pass, order.T * order.B4, H);
}
const copy = 'void main() { ivec2 rc = getOutputCoords(); setOutput(getX(rc.x, rc.y)); }';

/** The states before the first step, and the operand's first factor. */
function start(call: Call, { state0 }: RecurTensors): void {
  const { facts, order, request } = call;
  if (state0.every((s) => s === null)) return;
  const zeros = () => rowsSheet(order, tf.zeros([order.B, request.H]));
  state0.forEach((s, k) => {
    call.first.set(`s${k}`, s ? rowsSheet(order, s) : zeros());
  });
  if (!facts.dropout || facts.readsH.length === 0) return;
  call.single.set('s0_0', call.first.get('s0')!);
  call.once(firstOperandPass(facts), order.B4, request.H);
  call.first.set('m', call.single.get('m_0')!);
}

/** What backward reads. */
function keep(call: Call): { reserve: Tensor[]; notes: Notes } {
  const { facts } = call;
  const states = new Set([
    ...facts.stateRead,
    ...facts.savedRead.flatMap((k) => ('state' in facts.savedAt[k]! ? [facts.savedAt[k].state] : [])),
    ...(facts.readsH.length > 0 && !facts.dropout ? [0] : []),
  ]);
  const wanted = (name: string) => !/^s\d/.test(name) || states.has(Number(name.slice(1)));
  const pairs = [...call.pairs.keys()].filter(wanted);
  const first = [...call.first.keys()].filter(wanted);
  const single = ['M', 'ids', 'V'].filter((name) => call.single.has(name));
  return {
    reserve: [
      ...pairs.flatMap((name) => call.pairs.get(name)!),
      ...first.map((name) => call.first.get(name)!),
      ...single.map((name) => call.single.get(name)!),
    ],
    notes: { pairs, first, single },
  };
}
