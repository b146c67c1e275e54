import { GatewiseError } from '@gatewise/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** One step's data. Its tensors are made when the batch is asked for; whoever asks disposes of them. */
export interface DataBatch {
  /** int32 ids [B,T], or [B, …] as given. */
  readonly x: Tensor;
  /** The targets: int32 ids [B,T], or [B, …] as given. */
  readonly y: Tensor;
  /** True where row b continues row b of the batch before. */
  readonly carry?: boolean;
  /** How many steps of each row are real; the rest is padding. */
  readonly lengths?: readonly number[];
  /** The same of y, where its steps are its own. */
  readonly targetLengths?: readonly number[];
}

/** The batches of an epoch, anew each time it is called: the same epoch number gives the same batches. */
export interface BatchSource<B extends DataBatch = DataBatch> {
  (epoch: number): Iterable<B>;
  /** Batches in one epoch. */
  readonly steps: number;
  /** The batches of an epoch from batch `from` on; those before are not made. */
  readonly seek: (epoch: number, from: number) => Iterable<B>;
}

/** Makes a `BatchSource` of a generator, which begins at any batch of an epoch, and the number of its batches. */
export function batchSource<B extends DataBatch>(
  steps: number,
  seek: (epoch: number, from: number) => Iterable<B>,
): BatchSource<B> {
  return Object.assign((n: number) => seek(n, 0), { steps, seek });
}

/** Refuses a count that is not a whole number ≥ 1. Errors: `code`. */
export function checkCount(code: `GW_${string}`, name: string, value: number): void {
  if (!Number.isInteger(value) || value < 1) {
    throw new GatewiseError(code, `got ${name} = ${value}, wanted a whole number of at least 1`);
  }
}

/** Refuses ids that are not whole numbers ≥ 0 and returns them as int32. Errors: `GW_DATA_IDS`. */
export function checkIds(ids: ArrayLike<number>): Int32Array {
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] as number;
    if (!Number.isInteger(id) || id < 0) {
      throw new GatewiseError(
        'GW_DATA_IDS',
        `got ${id} at position ${i}, wanted whole numbers from 0; encode text with vocabulary(text).encode(text)`,
      );
    }
  }
  return ids instanceof Int32Array ? ids : Int32Array.from(ids);
}
