import { GatewiseError } from '@gatewise/core';
import type { Batch } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import { findNonFinite } from './host-values.js';
import { checkLengths } from './lengths.js';

export type BatchSource = Iterable<Batch> | AsyncIterable<Batch>;
/** A function that gives a pass for each epoch; `steps`, where known, counts the batches of one. */
export interface BatchFunction {
  (epoch: number): BatchSource;
  readonly steps?: number;
  /** The pass of an epoch from its batch `from` on, where the source can begin there: a run that goes on within an epoch does. */
  readonly seek?: (epoch: number, from: number) => BatchSource;
}
/** One pass of batches, or a function that gives a pass for each epoch. The trainer disposes of every batch it is handed. */
export type Batches = BatchSource | BatchFunction;

/** The batches of one epoch. Errors: `GW_TRAIN_NO_BATCHES`. */
export function openBatches(batches: Batches, epoch: number): BatchSource {
  const source = typeof batches === 'function' ? batches(epoch) : batches;
  const iterable = source as Partial<Iterable<Batch> & AsyncIterable<Batch>> | null | undefined;
  if (
    typeof iterable?.[Symbol.iterator] !== 'function' &&
    typeof iterable?.[Symbol.asyncIterator] !== 'function'
  ) {
    throw new GatewiseError(
      'GW_TRAIN_NO_BATCHES',
      `got ${source === null ? 'null' : typeof source} as batches, wanted something to iterate over, or a function of the epoch that gives it`,
    );
  }
  return source;
}

/**
 * The batches of one epoch from batch `from` on: the source begins there if it can, else those before are made and disposed of.
 * Errors: `GW_TRAIN_NO_BATCHES`.
 */
async function* batchesFrom(batches: Batches, epoch: number, from: number): AsyncGenerator<Batch> {
  if (from > 0 && typeof batches === 'function' && batches.seek) {
    yield* openBatches(batches.seek.bind(batches, epoch, from), epoch);
    return;
  }
  let passed = 0;
  for await (const batch of openBatches(batches, epoch)) {
    if (passed++ < from) disposeBatch(batch);
    else yield batch;
  }
}

/** The batches of an epoch from batch `from` on; with `ahead`, each is fetched one before it is given, so that the last is known. */
export async function* epochOf(
  batches: Batches,
  epoch: number,
  from: number,
  ahead: boolean,
): AsyncGenerator<{ batch: Batch; last?: boolean }> {
  const source = from > 0 ? batchesFrom(batches, epoch, from) : openBatches(batches, epoch);
  let held: { readonly batch: Batch } | undefined;
  try {
    for await (const batch of source) {
      const now = ahead ? held : { batch };
      held = ahead ? { batch } : undefined;
      if (now) yield ahead ? { ...now, last: false } : now;
    }
    const end = held;
    held = undefined;
    if (end) yield { ...end, last: true };
  } finally {
    // fetched for a step that the run did not come to
    if (held) disposeBatch(held.batch);
  }
}

/** Errors: `GW_TRAIN_NO_BATCHES`. */
export function noBatches(what: string, epoch: number): GatewiseError {
  const fix =
    epoch > 0
      ? 'an iterator runs dry after one epoch: give a function (epoch) => batches'
      : 'is the data shorter than one batch?';
  return new GatewiseError(
    'GW_TRAIN_NO_BATCHES',
    `got no ${what} batch in epoch ${epoch}, wanted at least one; ${fix}`,
  );
}

/** Batches in an epoch, where the source tells. */
export function countBatches(batches: Batches): number | undefined {
  if (Array.isArray(batches)) return batches.length;
  return typeof batches === 'function' ? batches.steps : undefined;
}

export function inputsOf(batch: Batch): readonly tf.Tensor[] {
  return Array.isArray(batch.x) ? batch.x : [batch.x as tf.Tensor];
}

export function disposeBatch(batch: Batch): void {
  tf.dispose(batch as unknown as tf.TensorContainer);
}

/**
 * Checks a batch before it is used; numbers are looked at only where they lie on the host.
 * Errors: `GW_TRAIN_BATCH`, `GW_TRAIN_DISPOSED`, `GW_TRAIN_SHAPE`, `GW_TRAIN_LENGTHS`, `GW_TRAIN_NAN`, each saying which batch (`where`).
 */
export function checkBatch(batch: Batch, where: string): void {
  const named = nameTensors(batch, where);
  for (const [name, tensor] of named) {
    if (tensor.isDisposed) {
      throw new GatewiseError(
        'GW_TRAIN_DISPOSED',
        `got a disposed tensor ${name} in ${where}, wanted one that lives; the trainer disposes of each batch after its ` +
          'step: give a function (epoch) => batches that makes new ones',
      );
    }
    if (tensor.size === 0) {
      throw new GatewiseError(
        'GW_TRAIN_SHAPE',
        `got ${name} [${tensor.shape}] in ${where}, wanted no axis of length 0`,
      );
    }
  }
  const B = batch.y.shape[0];
  const odd = named.find(([, tensor]) => tensor.shape[0] !== B);
  if (odd) {
    throw new GatewiseError(
      'GW_TRAIN_SHAPE',
      `got ${odd[0]} [${odd[1].shape}] and y [${batch.y.shape}] in ${where}, wanted the same number of rows in both`,
    );
  }
  checkLengths(batch, where);
  for (const [name, tensor] of named) checkFinite(name, tensor, where);
}

function nameTensors(batch: Batch, where: string): [string, tf.Tensor][] {
  const inputs = batch && inputsOf(batch);
  const named = (inputs ?? []).map((x, i): [string, tf.Tensor] => [
    Array.isArray(batch.x) ? `x[${i}]` : 'x',
    x,
  ]);
  named.push(['y', batch?.y]);
  const bad = named.find(([, tensor]) => !(tensor instanceof tf.Tensor));
  if (bad || named.length < 2) {
    const got = bad ? `${bad[0]} of type ${typeof bad[1]}` : 'no x';
    throw new GatewiseError('GW_TRAIN_BATCH', `got ${got} in ${where}, wanted { x, y } of tensors`);
  }
  return named;
}

function checkFinite(name: string, tensor: tf.Tensor, where: string): void {
  const at = findNonFinite(tensor);
  if (at) {
    throw new GatewiseError(
      'GW_TRAIN_NAN',
      `got NaN or infinity in ${name}[${at.join(', ')}] of ${where}, wanted finite numbers; clean the data, or mask what is missing`,
    );
  }
}
