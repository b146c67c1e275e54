import type {
  Engine,
  RecurCotangents,
  RecurGradients,
  RecurOutputs,
  RecurRequest,
  RecurTensors,
} from '@gatewise/recurrence';
import { backwardKernel } from './backward-kernel.js';
import { checkDevice, empty, type Limits, limitsOf, run, submit } from './device.js';
import { forwardKernel } from './forward-kernel.js';
import { biasGradients, inputGradient, recurrentGradient, weightGradient } from './gradients.js';
import { packR } from './pack.js';
import { mostUnits, type Plan, stepsAtOnce } from './plan.js';
import { product } from './products.js';
import { packParts, packStates, planFor, sweepData, unpackStates } from './sweep-arguments.js';

/** The engine for tf.js' webgpu backend. `less` makes do with less than the device has: tests reach every way by it. */
export function webgpuEngine(less: Partial<Limits> = {}): Engine {
  return {
    name: 'webgpu',
    backends: ['webgpu'],
    priority: 20,
    supports: (request) => supports(request, limitsOf(less)),
    forward: (request, tensors) => forward(request, tensors, limitsOf(less)),
    backward: (request, tensors, outputs, cotangents) =>
      backward(request, tensors, { outputs, cotangents }, limitsOf(less)),
  };
}

/** True, or what is too large for this device. */
function supports(request: RecurRequest, l: Limits): true | string {
  const { program: p, B, T, H, record } = request;
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
  most: number,
  T: number,
  backwards: boolean,
  step: (from: number, to: number) => void,
): void {
  const count = Math.ceil(T / most);
  for (let n = 0; n < count; n++) {
    const from = (backwards ? count - 1 - n : n) * most;
    step(from, Math.min(from + most, T));
    if (count > 1) submit();
  }
}

/** Z = x W, then the sweep. */
function forward(request: RecurRequest, tensors: RecurTensors, limits: Limits): RecurOutputs {
  checkDevice();
  const { program: p, B, T, I, H, ids, record } = request;
  const plan = planFor(request, tensors, limits);
  const { x, W, R, state0 } = tensors;
  const { V, places } = packParts(plan, tensors);
  const S = packStates(request, state0);
  const y = empty(B, T, H);
  const Q = record ? [empty(Math.max(1, plan.fields.length), B * T, H)] : [];
  const N = p.input.length * H;
  const Z = ids || N === 0 ? W : empty(B * T, N);
  if (Z !== W)
    product('plain', limits.work, { M: B * T, N, K: I, leftStep: I, rightStep: N, outStep: N }, [x, W, Z]);
  const buffers = [Z, ...(ids ? [x] : []), ...(R ? [packR(plan, R, false)] : []), V, S, y, ...Q];
  stretches(stepsAtOnce(plan, B, limits.work), T, false, (from, to) => {
    const data = sweepData(request, plan, places, from, to);
    run(`forward ${plan.key}`, () => forwardKernel(plan), data, buffers, [groupsOf(plan, B), 1, 1]);
  });
  return { y, final: unpackStates(request, S), reserve: Q, notes: null };
}

/** The sweep, then one product each for dX, dW and dR. */
function backward(
  request: RecurRequest,
  tensors: RecurTensors,
  {
    outputs,
    cotangents: { dy, dfinal },
  }: { readonly outputs: RecurOutputs; readonly cotangents: RecurCotangents },
  limits: Limits,
): RecurGradients {
  checkDevice();
  const { program: p, B, T, H, dx, probe } = request;
  const plan = planFor(request, tensors, limits);
  const { V, places } = packParts(plan, tensors);
  const [groups, sums] = [groupsOf(plan, B), p.gates.length + p.vectors.length];
  const D = packStates(request, dfinal, groups * sums * H);
  const N = p.input.length * H;
  const A = empty(B * T, N);
  const A2 = plan.rest.length > 0 ? empty(B * T, plan.rest.length * H) : null;
  const dprobe = probe ? empty(B, T, p.state.length * H) : null;
  const Q = outputs.reserve[0]!;
  const Rt = tensors.R ? [packR(plan, tensors.R, true)] : [];
  const buffers = [dy, ...Rt, V, Q, D, A, A2, dprobe].filter((t) => t !== null);
  stretches(stepsAtOnce(plan, B, limits.work), T, true, (from, to) => {
    const data = sweepData(request, plan, places, from, to);
    run(`backward ${plan.key}`, () => backwardKernel(plan), data, buffers, [groups, 1, 1]);
  });
  const share = { groups, at: p.state.length * B * H };
  return {
    dx: dx === 'surely' ? inputGradient(request, tensors.W, A, limits.work) : null,
    dA: null,
    ...(dx === 'perhaps' && {
      later: { kept: [A], dx: (W) => inputGradient(request, W, A, limits.work) },
    }),
    dW: weightGradient(request, tensors, A, limits.work),
    dR: tensors.R ? recurrentGradient(request, plan, [Q, A, A2], limits.work) : null,
    ...biasGradients(request, D, share),
    dstate0: unpackStates(request, D),
    dprobe,
  };
}
