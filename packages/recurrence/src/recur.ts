import { type AnyCell, GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { checkpointed } from './checkpoint.js';
import { chooseEngine, type Engine, type RecurRequest, registerEngine } from './engine.js';
import { type Call, ensureKernels, FORWARD, pack, runKernel } from './kernels.js';
import { type Lengths, lengthsMask } from './lengths.js';
import { opsBackward } from './ops-backward.js';
import { opsForward } from './ops-forward.js';
import { makeRequest, type RecurArgs, stepsKept } from './request.js';
import { currentRun } from './run-slot.js';

/** The engine that composes tf.js ops: the definition, on every backend. */
export const opsEngine: Engine = {
  name: 'ops',
  priority: 0,
  supports: () => true,
  forward: opsForward,
  backward: opsBackward,
};
registerEngine(opsEngine);

/**
 * Runs a cell over whole sequences, with explicit backpropagation through time.
 *
 *     a_t = x_t W + h_{t-1} R + b,   s_t = cell(a_t, s_{t-1}),   y_t = h_t
 *
 * @returns y [B,T,H] and the final states [B,H] by name; the caller disposes of them
 * @throws `GW_OP_…` on wrong names, ranks, sizes; `GW_ENGINE_…`; `GW_GRAD_SECOND_ORDER` on second derivatives
 * @example
 * const { y, final } = recur(lstm, { x, W, R, b });
 */
export function recur(cell: AnyCell, args: RecurArgs): RecurResult {
  if (args.lengths === undefined) return run(cell, args);
  const mask = maskOfLengths(args.lengths, args);
  const { lengths: _, ...rest } = args;
  try {
    return run(cell, mask ? { ...rest, mask } : rest);
  } finally {
    mask?.dispose();
  }
}

/** y [B,T,H], and the final states [B,H] by name. */
type RecurResult = { y: tf.Tensor3D; final: Record<string, tf.Tensor2D> };

/** null where every row is full: then nothing is masked. Errors: `GW_OP_LENGTHS`. */
function maskOfLengths(lengths: Lengths, { x, mask }: RecurArgs): tf.Tensor2D | null {
  if (mask) {
    throw new GatewiseError(
      'GW_OP_LENGTHS',
      'got lengths and a mask, wanted one of them; put both into the mask',
    );
  }
  const [B = 0, T = 0] = x.shape;
  if (!(lengths instanceof tf.Tensor) && lengths.length === B && lengths.every((n) => n === T)) return null;
  return lengthsMask(lengths, B, T);
}

function run(cell: AnyCell, args: RecurArgs): RecurResult {
  const backend = tf.getBackend();
  const { request: shape, tensors } = makeRequest(cell, args, isTapeOn());
  const report = shape.record ? reportOf(cell, args) : null;
  const request: RecurRequest = {
    ...shape,
    dx: whetherDx(args.x),
    probe: shape.record && (shape.probe || report !== null),
  };
  const every = stepsKept(cell, args);
  const dial = (engine: Engine) =>
    request.record && every < request.T ? checkpointed(engine, every) : engine;
  const engine = chooseEngine(request, backend, args.engine, dial);
  const { inputs, at } = pack(tensors, args.probe ?? null);
  const call: Call = { request, engine, at, report, notes: null };
  ensureKernels(backend);
  const outputs = runKernel(FORWARD, inputs, call);
  const states = outputs.slice(1, 1 + request.program.state.length) as tf.Tensor2D[];
  return {
    y: outputs[0] as tf.Tensor3D,
    final: Object.fromEntries(request.program.state.map((name, k) => [name, states[k]!])),
  };
}

/** Who of the run listens to the state gradients of this call. */
function reportOf(cell: AnyCell, args: RecurArgs): Call['report'] {
  const layer = args.layer ?? cell.name;
  const run = currentRun();
  const to = run?.onRecur?.({ layer, cell, args }) ?? run?.onStateGradients;
  return to ? { to, layer } : null;
}

/** Inside a kernel this is always false: read it before. */
const isTapeOn = (): boolean => (tf.engine() as unknown as { isTapeOn(): boolean }).isTapeOn();

/** dX is surely wanted for a variable or a result on the active tape; a plain tensor may still be asked about. */
function whetherDx(x: tf.Tensor): RecurRequest['dx'] {
  if (x.dtype === 'int32') return 'never';
  if (x instanceof tf.Variable) return 'surely';
  const { activeTape } = tf.engine().state as unknown as { activeTape?: { outputs: tf.Tensor[] }[] };
  return activeTape?.some((node) => node.outputs.some(({ id }) => id === x.id)) ? 'surely' : 'perhaps';
}
