import * as tf from '@tensorflow/tfjs-core';
import { drawnDropout, drawnHold } from './draws.js';
import type { RecurRequest, RecurTensors } from './engine.js';
import type { Arithmetic } from './evaluate.js';

/** The eight operations as tf.js ops. */
export const tensorArithmetic: Arithmetic<tf.Tensor> = {
  add: (a, b) => tf.add(a, b),
  sub: (a, b) => tf.sub(a, b),
  mul: (a, b) => tf.mul(a, b),
  neg: (a) => tf.neg(a),
  sigmoid: (a) => tf.sigmoid(a),
  tanh: (a) => tf.tanh(a),
  relu: (a) => tf.relu(a),
  step: (a) => tf.step(a, 0),
};

/** t in the order of the recurrence. */
export function timeOrder({ T, reverse }: RecurRequest): number[] {
  return Array.from({ length: T }, (_, i) => (reverse ? T - 1 - i : i));
}

/**
 * [B,T,…] by time step: T tensors [B,…]. Time first and in two cuts, since the cpu backend is slow at cutting the
 * middle axis, and the wasm backend reads the whole tensor for every piece it cuts.
 */
export function unstackTime(x: tf.Tensor): tf.Tensor[] {
  const T = x.shape[1]!;
  const first = tf.transpose(
    x,
    [1, 0, ...x.shape.keys()].filter((axis, i) => i < 2 || axis > 1),
  );
  const width = Math.ceil(Math.sqrt(T));
  const groups = Array.from({ length: Math.ceil(T / width) }, (_, i) => Math.min(width, T - i * width));
  return tf.split(first, groups, 0).flatMap((group) => tf.unstack(group, 0));
}

const onWasm = () => tf.getBackend() === 'wasm';

/** A Bᵀ; without the transposed product on wasm, where tf.js computes that ten times slower. */
export const timesTransposed = (A: tf.Tensor2D, B: tf.Tensor2D): tf.Tensor2D =>
  onWasm() ? tf.matMul(A, tf.transpose(B)) : tf.matMul(A, B, false, true);
/** Aᵀ B, likewise. */
export const transposedTimes = (A: tf.Tensor2D, B: tf.Tensor2D): tf.Tensor2D =>
  onWasm() ? tf.matMul(tf.transpose(A), B) : tf.matMul(A, B, true, false);

/** Rows of W by ids. On wasm a product with one-hot rows: its gather works out an index for every single number. */
export function rowsOf(W: tf.Tensor2D, ids: tf.Tensor1D): tf.Tensor2D {
  if (onWasm()) return tf.matMul(tf.cast(tf.oneHot(ids, W.shape[0]), 'float32') as tf.Tensor2D, W);
  return tf.gather(W, ids);
}

/** The mask by time step as bool rows [B, width] of one value each; null without a mask. */
export function maskRows({ B, T }: RecurRequest, mask: tf.Tensor | null, width: number): tf.Tensor[] | null {
  if (!mask) return null;
  const m = tf.cast(mask, 'bool'); // [B,T]
  return unstackTime(tf.tile(tf.reshape(m, [B, T, 1]), [1, 1, width]));
}

/** x as rows [B·T, I] (ids: [B·T]), zero at masked steps by selection: what lies there is never read. */
export function inputRows({ B, T, I, ids }: RecurRequest, { x, mask }: RecurTensors): tf.Tensor {
  const rows = ids ? tf.reshape(x, [B * T]) : tf.reshape(x, [B * T, I]);
  if (!mask) return rows;
  const m = tf.reshape(tf.cast(mask, 'bool'), ids ? [B * T] : [B * T, 1]);
  return tf.where(m, rows, tf.zerosLike(rows));
}

/** Multiplies the operand of R: one mask [B,H] a sequence or a step, zeros and 1/(1 − p). */
export function operandMasks(
  request: RecurRequest,
  tensors: RecurTensors,
): ((t: number) => tf.Tensor) | null {
  const { operandDropout: d, B, H } = request;
  if (!d) return null;
  if (d.kind === 'mask') {
    const mask = tensors.operandMask!;
    if (!d.perStep) return () => mask;
    const steps = unstackTime(mask);
    return (t) => steps[t]!;
  }
  const draw = (t: number) => {
    const { key, rate } = d;
    return tf.reshape(drawnDropout({ B, from: t, steps: 1, units: H, key, rate }), [B, H]);
  };
  if (d.perStep) return draw;
  const one = draw(0);
  return () => one;
}

/** Zoneout: which units of state k hold at step t, as bool [B,H]; null where none can. */
export function holdMasks(
  request: RecurRequest,
  tensors: RecurTensors,
): ((t: number, k: number) => tf.Tensor | null) | null {
  const { zoneout: z, B, H } = request;
  if (!z || z.kind === 'expect') return null;
  if (z.kind === 'mask') {
    const steps = tensors.holdMasks!.map((m) => m && unstackTime(tf.cast(m, 'bool')));
    return (t, k) => steps[k]?.[t] ?? null;
  }
  return (t, k) => {
    const rate = z.rates[k]!;
    if (rate === 0) return null;
    return tf.reshape(drawnHold({ B, from: t, steps: 1, units: H, key: z.key, rate }, k), [B, H]);
  };
}

/** A value of any broadcastable shape (a constant, a vector [H]) as rows [B,H]. */
export function asRows(value: tf.Tensor, { B, H }: RecurRequest): tf.Tensor {
  return value.rank === 2 ? value : tf.broadcastTo(value, [B, H]);
}

/** The constants of a program as scalars, made once a call: a tensor a use would be an upload a use. */
export function constantPool(constants: readonly number[]): (at: number) => tf.Tensor {
  const scalars: tf.Scalar[] = [];
  return (at) => {
    scalars[at] ??= tf.scalar(constants[at]!);
    return scalars[at];
  };
}
