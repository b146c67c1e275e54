import { GatewiseError } from '@gatewise/core';
import type { Batch } from '@gatewise/plugin';
import { lengthsMask } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';

const firstInput = ({ x }: Batch): tf.Tensor => (Array.isArray(x) ? x[0] : x) as tf.Tensor;

/** Whether y has a target for every time step of x ([B,T,I], ids [B,T], or anything [B,T] that has lengths). */
function followsTime(batch: Batch): boolean {
  const x = firstInput(batch);
  const T = batch.y.shape[1];
  const sequence = x.rank === 3 || (x.rank === 2 && (x.dtype === 'int32' || batch.lengths !== undefined));
  return sequence && T !== undefined && T === x.shape[1];
}

/** Targets in a batch: real steps where y has steps of its own or follows the time axis of x, else rows. */
export function countTargets(batch: Batch): number {
  const [B = 1, T = 1] = batch.y.shape;
  if (batch.targetLengths) return total(batch.targetLengths);
  if (!followsTime(batch)) return B;
  return batch.lengths ? total(batch.lengths) : B * T;
}

const total = (lengths: readonly number[]): number => lengths.reduce((n, length) => n + length, 0);

/** Errors: `GW_TRAIN_LENGTHS`. */
export function checkLengths(batch: Batch, where: string): void {
  checkRows('x', batch.lengths, firstInput(batch).shape, where);
  checkRows('y', batch.targetLengths, batch.y.shape, where);
}

function checkRows(
  name: string,
  lengths: readonly number[] | undefined,
  [B, T = 0]: readonly number[],
  where: string,
): void {
  if (!lengths) return;
  const odd = lengths.findIndex((n) => !(Number.isInteger(n) && n >= 0 && n <= T));
  if (lengths.length === B && odd < 0) return;
  const got = odd < 0 ? `${lengths.length} lengths` : `the length ${lengths[odd]} of row ${odd}`;
  throw new GatewiseError(
    'GW_TRAIN_LENGTHS',
    `got ${got} in ${where}, wanted ${B} whole numbers from 0 to T = ${T}, the padded length of ${name}`,
  );
}

/** bool [B,T] of a batch with lengths; undefined where every step is real. */
export function maskOf(batch: Batch): tf.Tensor2D | undefined {
  const [B, T] = firstInput(batch).shape as [number, number];
  if (!batch.lengths || batch.lengths.every((n) => n === T)) return undefined;
  return lengthsMask(batch.lengths, B, T);
}

/** The mask of the loss: where a row has one target, all rows count. */
export const counted = (batch: Batch, mask: tf.Tensor2D | undefined): tf.Tensor2D | undefined =>
  followsTime(batch) ? mask : undefined;

/** What a loss made of every step, averaged over those that count; a custom loss that took the mask gives a scalar itself. */
export function maskedMean(
  value: tf.Tensor, // [B,T] or [B,T,…], or a scalar
  mask: tf.Tensor2D, // [B,T]
): tf.Scalar {
  if (value.rank === 0) return value as tf.Scalar;
  const [B, T] = mask.shape;
  if (value.rank < 2 || value.shape[0] !== B || value.shape[1] !== T) {
    throw new GatewiseError(
      'GW_TRAIN_LOSS',
      `got a loss [${value.shape}] for padded rows, wanted one of every step [${B}, ${T}], or a scalar of (yTrue, yPred, mask)`,
    );
  }
  const steps = value.rank > 2 ? tf.mean(tf.reshape(value, [B, T, -1]), 2) : value;
  // by selection: 0 · NaN is NaN
  const sum = tf.sum(tf.where(mask, steps, tf.zerosLike(steps)));
  return tf.div(sum, tf.maximum(tf.sum(tf.cast(mask, 'float32')), 1)) as tf.Scalar;
}
