import * as tf from '@tensorflow/tfjs-core';
import type { RecurGradients, RecurRequest, RecurTensors } from './engine.js';

/** Rows b0…b1 of the batch, steps t0…t1. */
export interface Piece {
  readonly b0: number;
  readonly b1: number;
  readonly t0: number;
  readonly t1: number;
}

/** The steps of a sequence, `size` at a time, in the order of the recurrence. */
export function stretchesOf({ B, T, reverse }: RecurRequest, size: number): Piece[] {
  const list = starts(T, size).map((t0) => ({ b0: 0, b1: B, t0, t1: Math.min(T, t0 + size) }));
  return reverse ? list.reverse() : list;
}
export const starts = (n: number, size: number): number[] =>
  Array.from({ length: Math.ceil(n / size) }, (_, i) => i * size);

/** The request of a piece. */
export function requestOf(request: RecurRequest, { b0, b1, t0, t1 }: Piece): RecurRequest {
  return { ...request, B: b1 - b0, T: t1 - t0 };
}
/** The tensors of a piece, which starts from `state0`. */
export function tensorsOf(
  tensors: RecurTensors,
  piece: Piece,
  state0: readonly (tf.Tensor | null)[],
): RecurTensors {
  const { x, mask, operandMask, holdMasks } = tensors;
  return {
    ...tensors,
    x: stepsOf(x, piece),
    state0,
    mask: mask && stepsOf(mask, piece),
    operandMask: operandMask && (operandMask.rank === 3 ? stepsOf : rowsOf)(operandMask, piece),
    holdMasks: holdMasks?.map((m) => m && stepsOf(m, piece)) ?? null,
  };
}
/** Of x [B,T,…]. The cpu backend looks up every number of a cut through the middle, but not of a cut through whole rows. */
export function stepsOf(x: tf.Tensor, { b0, b1, t0, t1 }: Piece): tf.Tensor {
  const [, T = 0, ...rest] = x.shape;
  const shape = [b1 - b0, t1 - t0, ...rest];
  if (tf.getBackend() !== 'cpu') return tf.slice(x, [b0, t0, ...rest.map(() => 0)], shape);
  const step = rest.reduce((n, d) => n * d, 1);
  const flat = tf.reshape(x, [x.size]);
  const rows = Array.from({ length: b1 - b0 }, (_, b) =>
    tf.slice(flat, ((b0 + b) * T + t0) * step, (t1 - t0) * step),
  );
  return tf.reshape(joined(rows, 0), shape);
}
export const rowsOf = (x: tf.Tensor, { b0, b1 }: Piece): tf.Tensor =>
  tf.slice(x, [b0, 0], [b1 - b0, x.shape[1]!]);
export const joined = (parts: readonly tf.Tensor[], axis: number): tf.Tensor =>
  parts.length === 1 ? parts[0]! : tf.concat([...parts], axis);

type Sums = Pick<RecurGradients, 'dW' | 'dR' | 'db' | 'dvectors'>;
/** Gradients of what all pieces share: their sum. */
export function summed(all: readonly Sums[]): Sums {
  const sum = (of: (g: Sums) => tf.Tensor) => (all.length === 1 ? of(all[0]!) : tf.addN(all.map(of)));
  return {
    dW: sum((g) => g.dW),
    dR: all[0]!.dR && sum((g) => g.dR!),
    db: sum((g) => g.db),
    dvectors: all[0]!.dvectors.map((_, k) => sum((g) => g.dvectors[k]!)),
  };
}
