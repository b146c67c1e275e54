import type {
  Engine,
  RecurCotangents,
  RecurGradients,
  RecurOutputs,
  RecurRequest,
  RecurTensors,
} from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { backwardKernel } from './backward-kernel.js';
import { checkDevice, copy, empty, limits, run, submit } from './device.js';
import { forwardKernel } from './forward-kernel.js';
import { mostUnits, operandField, type Plan, stepsAtOnce } from './plan.js';
import { product, scatter, sumRows, transpose } from './products.js';
import { packParts, packStates, planFor, sweepData, unpackStates } from './sweep-arguments.js';

/** The engine for tf.js' webgpu backend. */
export const webgpuEngine: Engine = {
  name: 'webgpu',
  backends: ['webgpu'],
  priority: 20,
  supports,
  forward,
  backward,
};

/** True, or what is too large for this device. */
function supports(request: RecurRequest): true | string {
  const { program: p, B, T, H, record } = request;
  const l = limits();
  if (H > mostUnits(l)) return `it has ${H} units, this device takes ${mostUnits(l)}`;
  const S = p.state.length;
  // of one step and row: what is kept, or the gates' inputs
  const fields = record ? p.save.length + S + 2 : 0;
  const bytes = 4 * B * T * H * Math.max(fields, p.input.length, p.gates.length, request.probe ? S : 0);
  return bytes <= l.buffer
    ? true
    : `one of its buffers has up to ${bytes} bytes, this device takes ${l.buffer}; use shorter sequences or smaller batches`;
}

const groupsOf = ({ language }: Plan, B: number) => Math.ceil(B / language.lanes);

/** Runs `step` for stretches of the steps, none of which takes a device long; backwards from the last. */
function stretches(
  plan: Plan,
  B: number,
  T: number,
  backwards: boolean,
  step: (from: number, to: number) => void,
) {
  const most = stepsAtOnce(plan, B);
  const count = Math.ceil(T / most);
  for (let n = 0; n < count; n++) {
    const from = (backwards ? count - 1 - n : n) * most;
    step(from, Math.min(from + most, T));
    if (count > 1) submit();
  }
}

/** Z = x W, then the sweep. */
function forward(request: RecurRequest, tensors: RecurTensors): RecurOutputs {
  checkDevice();
  const { program: p, B, T, I, H, ids, record } = request;
  const plan = planFor(request, tensors);
  const { x, W, R, state0 } = tensors;
  const { V, places } = packParts(plan, tensors);
  const S = packStates(request, state0);
  const y = empty(B, T, H);
  const Q = record ? [empty(Math.max(1, plan.fields.length), B * T, H)] : [];
  const N = p.input.length * H;
  const Z = ids || N === 0 ? W : empty(B * T, N);
  if (Z !== W) product('plain', { M: B * T, N, K: I, leftStep: I, rightStep: N, outStep: N }, [x, W, Z]);
  const buffers = [Z, ...(ids ? [x] : []), ...(R ? [R] : []), V, S, y, ...Q];
  stretches(plan, B, T, false, (from, to) => {
    const data = sweepData(request, plan, places, from, to);
    run(`forward ${plan.key}`, () => forwardKernel(plan), data, buffers, [groupsOf(plan, B), 1, 1]);
  });
  return { y, final: unpackStates(request, S), reserve: Q, notes: null };
}

/** The sweep, then one product each for dX, dW and dR. */
function backward(
  request: RecurRequest,
  tensors: RecurTensors,
  outputs: RecurOutputs,
  { dy, dfinal }: RecurCotangents,
): RecurGradients {
  checkDevice();
  const { program: p, B, T, I, H, dx, probe } = request;
  const plan = planFor(request, tensors);
  const { V, places } = packParts(plan, tensors);
  const [groups, sums] = [groupsOf(plan, B), p.gates.length + p.vectors.length];
  const D = packStates(request, dfinal, groups * sums * H);
  const N = p.input.length * H;
  const A = empty(B * T, N);
  const A2 = plan.rest.length > 0 ? empty(B * T, plan.rest.length * H) : null;
  const dprobe = probe ? empty(B, T, p.state.length * H) : null;
  const Q = outputs.reserve[0]!;
  const Rt = tensors.R ? [transpose(tensors.R, p.recurrent.length * H, H)] : [];
  const buffers = [dy, ...Rt, V, Q, D, A, A2, dprobe].filter((t) => t !== null);
  stretches(plan, B, T, true, (from, to) => {
    const data = sweepData(request, plan, places, from, to);
    run(`backward ${plan.key}`, () => backwardKernel(plan), data, buffers, [groups, 1, 1]);
  });
  const share = { groups, at: p.state.length * B * H };
  return {
    dx: dx === 'surely' ? tf.reshape(inputGradient(request, tensors, A), [B, T, I]) : null,
    dA: dx === 'perhaps' ? A : null,
    dW: weightGradient(request, tensors, A),
    dR: tensors.R ? recurrentGradient(request, plan, Q, A, A2) : null,
    ...biasGradients(request, D, share),
    dstate0: unpackStates(request, D),
    dprobe,
  };
}

/** dX = δA Wᵀ */
function inputGradient(
  { program: p, B, T, I, H }: RecurRequest,
  { W }: RecurTensors,
  A: tf.Tensor,
): tf.Tensor {
  const K = p.input.length * H;
  const dX = empty(B * T, I);
  const shape = { M: B * T, N: I, K, leftStep: K, rightStep: I, outStep: I };
  product('plain', shape, [A, transpose(W, K, I), dX]);
  return dX;
}

/** dW = Xᵀ δA */
function weightGradient(request: RecurRequest, { x, mask }: RecurTensors, A: tf.Tensor): tf.Tensor {
  const { program: p, B, T, I, H, ids } = request;
  const N = p.input.length * H;
  if (ids) return scatter(x, A, B * T, N, I);
  const dW = empty(I, N);
  const shape = { M: I, N, K: B * T, leftStep: I, rightStep: N, outStep: N };
  if (mask) product('transposed-masked', shape, [x, A, mask, dW]);
  else product('transposed', shape, [x, A, dW]);
  return dW;
}

/** dR = (operand)ᵀ δA: a product for every run of gates that have the same operand and whose δa are neighbours. */
function recurrentGradient(
  { program: p, B, T, H }: RecurRequest,
  plan: Plan,
  Q: tf.Tensor,
  A: tf.Tensor,
  A2: tf.Tensor | null,
): tf.Tensor {
  const outStep = p.recurrent.length * H;
  const dR = empty(H, outStep);
  for (const { operand, others, from, to, count } of runsOf(plan)) {
    const D = others ? A2! : A;
    const shape = {
      ...{ M: H, N: count * H, K: B * T, leftStep: H, outStep },
      ...{ left: operandField(plan, operand) * B * T * H, out: to * H },
      ...{ right: from * H, rightStep: (others ? plan.rest : p.input).length * H },
    };
    product('transposed', shape, [Q, D, dR]);
  }
  return dR;
}

interface GateRun {
  readonly operand: 'h' | 'u';
  /** Their δa lie in A2. */
  readonly others: boolean;
  readonly from: number;
  readonly to: number;
  count: number;
}

function runsOf({ program: p, rest, feeds }: Plan): GateRun[] {
  const runs: GateRun[] = [];
  p.recurrent.forEach((g, to) => {
    const others = !p.input.includes(g);
    const from = (others ? rest : p.input).indexOf(g);
    const operand = feeds.includes(g) ? 'u' : 'h';
    const last = runs.at(-1);
    const next = last?.operand === operand && last.others === others && last.from + last.count === from;
    if (next) last.count++;
    else runs.push({ operand, others, from, to, count: 1 });
  });
  return runs;
}

/** db = Σ δA, and the vectors' gradients: the sweep has summed over time and over the rows of a workgroup. */
function biasGradients(
  { program: p, H }: RecurRequest,
  D: tf.Tensor,
  { groups, at }: { groups: number; at: number },
): Pick<RecurGradients, 'db' | 'dvectors'> {
  const size = p.gates.length * H;
  const sums = sumRows(D, at, groups, size + p.vectors.length * H);
  if (p.vectors.length === 0) return { db: sums, dvectors: [] };
  const db = empty(size);
  const dvectors = p.vectors.map(() => empty(H));
  copy([
    { from: sums, to: db, size },
    ...dvectors.map((to, k) => ({ from: sums, at: size + k * H, to, size: H })),
  ]);
  return { db, dvectors };
}
