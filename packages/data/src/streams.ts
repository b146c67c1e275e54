import { foldKey, GatewiseError, hashText, random } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { type BatchSource, batchSource, checkCount, checkIds, type DataBatch } from './batch.js';

export interface StreamOptions {
  /** B: rows, each a stream of its own through the sequence. */
  readonly batch: number;
  /** T: time steps of a batch. */
  readonly time: number;
  /** With a seed every epoch starts at another place, so that the tail is not always the same. */
  readonly seed?: number;
}

/**
 * Cuts a sequence into B contiguous streams and each into windows of T, for training with a carried state.
 *
 * Stream b reads ids[o + b·L … o + (b + 1)·L), L = T·⌊(N − 1) / (B·T)⌋; batch k is x, y int32 [B,T] with y one id further;
 * row b of batch k continues row b of batch k − 1, so `carry` is true for all but the first batch of an epoch.
 * What is left out is one tail of fewer than B·T ids; o is 0, or with a seed another offset into the tail every epoch.
 * Errors: `GW_DATA_BATCH`, `GW_DATA_TIME`, `GW_DATA_TOO_SHORT`, `GW_DATA_IDS`.
 *
 * @example
 * for (const { x, y, carry } of streams(ids, { batch: 32, time: 50 })(0)) { … tf.dispose([x, y]); }
 */
export function streams(ids: ArrayLike<number>, { batch: B, time: T, seed }: StreamOptions): BatchSource {
  checkCount('GW_DATA_BATCH', 'batch', B);
  checkCount('GW_DATA_TIME', 'time', T);
  const sequence = checkIds(ids);
  const N = sequence.length;
  const steps = Math.floor((N - 1) / (B * T));
  if (steps < 1) tooShort(N, B, T);
  const L = steps * T;
  const tail = N - 1 - B * L;
  return batchSource(steps, function* epoch(n, from): Generator<DataBatch> {
    const o = seed === undefined ? 0 : random(foldKey(seed, hashText('streams'), n)).int(tail + 1);
    for (let k = from; k < steps; k++) {
      const starts = Array.from({ length: B }, (_, b) => o + b * L + k * T);
      yield { ...cut(sequence, starts, T), carry: k > 0 };
    }
  });
}

/** x and its next ids y, int32 [B,T], from windows of T that begin at `starts`. */
export function cut(sequence: Int32Array, starts: readonly number[], T: number) {
  const B = starts.length;
  const x = new Int32Array(B * T);
  const y = new Int32Array(B * T);
  starts.forEach((start, b) => {
    x.set(sequence.subarray(start, start + T), b * T);
    y.set(sequence.subarray(start + 1, start + 1 + T), b * T);
  });
  return { x: tf.tensor2d(x, [B, T], 'int32'), y: tf.tensor2d(y, [B, T], 'int32') };
}

function tooShort(N: number, B: number, T: number): never {
  throw new GatewiseError(
    'GW_DATA_TOO_SHORT',
    `got ${N} ids, wanted at least batch · time + 1 = ${B} · ${T} + 1 = ${B * T + 1}; use more text, or a smaller batch or time`,
  );
}
