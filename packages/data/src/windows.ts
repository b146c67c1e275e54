import { foldKey, GatewiseError, hashText, random } from '@gatewise/core';
import { type BatchSource, batchSource, checkCount, checkIds, type DataBatch } from './batch.js';
import { cut } from './streams.js';

export interface WindowOptions {
  /** B: windows of a batch. */
  readonly batch: number;
  /** T: time steps of a window. */
  readonly time: number;
  /** Distance between the starts of two windows; T when absent, so that they do not overlap. */
  readonly stride?: number;
  /** With a seed every epoch has an order of its own; without one they come as they stand. */
  readonly seed?: number;
}

/**
 * Cuts a sequence into windows of T for training without a carried state: x, y int32 [B,T] with y one id further.
 * The last batch may have fewer rows. Errors: `GW_DATA_BATCH`, `GW_DATA_TIME`, `GW_DATA_STRIDE`, `GW_DATA_TOO_SHORT`, `GW_DATA_IDS`.
 *
 * @example
 * const source = windows(ids, { batch: 32, time: 50, seed: 1 });
 */
export function windows(
  ids: ArrayLike<number>,
  { batch: B, time: T, stride = T, seed }: WindowOptions,
): BatchSource {
  checkCount('GW_DATA_BATCH', 'batch', B);
  checkCount('GW_DATA_TIME', 'time', T);
  checkCount('GW_DATA_STRIDE', 'stride', stride);
  const sequence = checkIds(ids);
  const count = Math.floor((sequence.length - 1 - T) / stride) + 1;
  if (count < 1) {
    throw new GatewiseError(
      'GW_DATA_TOO_SHORT',
      `got ${sequence.length} ids, wanted at least time + 1 = ${T + 1}; use more text or a smaller time`,
    );
  }
  return batchSource(Math.ceil(count / B), function* epoch(n, from): Generator<DataBatch> {
    const order = epochOrder(count, n, seed);
    for (let i = from * B; i < count; i += B) {
      const starts = order.slice(i, i + B).map((window) => window * stride);
      yield cut(sequence, starts, T);
    }
  });
}

/** 0 … count − 1, shuffled by (seed, epoch) where there is a seed. */
export function epochOrder(count: number, epoch: number, seed: number | undefined): readonly number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  return seed === undefined ? order : random(foldKey(seed, hashText('order'), epoch)).shuffle(order);
}
