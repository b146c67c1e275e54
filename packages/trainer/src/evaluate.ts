import { GatewiseError, type Regularisers } from '@gatewise/core';
import type { Logs, Trainable } from '@gatewise/plugin';
import { withRun } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { asTrainable } from './as-trainable.js';
import { type Batches, checkBatch, disposeBatch, noBatches, openBatches } from './batches.js';
import { createBreath } from './breathe.js';
import { countTargets } from './lengths.js';
import { Means, Report } from './logs.js';
import { Measured } from './measure.js';
import { type Metric, type MetricName, readMetrics } from './metrics.js';
import type { Ranks } from './ranks.js';
import { reduceMeans } from './ranks-average.js';
import type { TrainableOptions } from './trainable.js';

/** Batches between reads: what waits on the device is summed there. */
export const READ_EVERY = 200;

/**
 * Mean loss over all targets of some batches, without training: no dropout, no gradients; a carried state starts from
 * zeros and is forgotten afterwards, that of training is not touched. Disposes of the batches. Errors: as `train` has of batches.
 *
 * With `metrics`, the loss and these, by name.
 *
 * @example
 * const bits = (await evaluate(model, heldOut)) / Math.LN2; // per character
 * const { loss, accuracy } = await evaluate(model, heldOut, { loss: 'softmaxCrossEntropy', metrics: ['accuracy'] });
 */
export function evaluate(
  model: Trainable | LayersModel,
  batches: Batches,
  options?: TrainableOptions & { readonly metrics?: never },
): Promise<number>;
export function evaluate<const Name extends MetricName>(
  model: Trainable | LayersModel,
  batches: Batches,
  options: TrainableOptions & { readonly metrics: readonly (Name | Metric)[] },
): Promise<Logs & Readonly<Record<Name | 'loss', number>>>;
export async function evaluate(
  model: Trainable | LayersModel,
  batches: Batches,
  options: TrainableOptions & { readonly metrics?: readonly (MetricName | Metric)[] } = {},
): Promise<number | Logs> {
  const { metrics } = options;
  const trainee = asTrainable(model, options);
  const place = { epoch: 0, seed: 0, step: 0, metrics: readMetrics(metrics) };
  const logs = (await meanLogs(trainee, batches, place)) as Logs;
  return metrics ? logs : (logs.loss as number);
}

interface Place {
  readonly epoch: number;
  readonly seed: number;
  readonly step: number;
  readonly metrics: readonly Metric[];
  readonly signal?: AbortSignal | undefined;
  /** Of those whose batches these are together, where there are several. */
  readonly ranks?: Ranks | undefined;
}

/** The mean loss, and metrics; undefined where the signal ended it. */
export async function meanLogs(model: Trainable, batches: Batches, place: Place): Promise<Logs | undefined> {
  const means = new Means();
  const breathe = createBreath();
  let count = 0;
  model.resetState?.(false);
  try {
    for await (const batch of openBatches(batches, place.epoch)) {
      await addLoss(model, batch, means, place, `validation batch ${count} of epoch ${place.epoch}`);
      if (++count % READ_EVERY === 0) await means.flush();
      await breathe();
      if (place.signal?.aborted) return undefined;
    }
    if (place.ranks) count = await reduceMeans(place.ranks, means, place.metrics);
    if (count === 0) throw noBatches('validation', place.epoch);
    await means.flush();
    return means.values();
  } finally {
    means.dispose();
    model.resetState?.(false);
  }
}

type Item = Parameters<typeof disposeBatch>[0];

async function addLoss(
  model: Trainable,
  batch: Item,
  means: Means,
  place: Place,
  where: string,
): Promise<void> {
  const { seed, step, metrics } = place;
  const report = new Report();
  const measured = new Measured(metrics, model);
  try {
    checkBatch(batch, where);
    const run = { seed, step, training: false, regularisers: (): Regularisers => ({}) };
    withRun(run, () => tf.tidy(() => report.set('loss', measured.loss(batch, false))));
    const size = countTargets(batch);
    measured.report(report, batch.y.shape[0] ?? 1, size);
    means.add(report, size);
  } finally {
    measured.dispose();
    disposeBatch(batch);
    report.dispose();
  }
}

/** Errors: `GW_TRAIN_NONFINITE`. */
export function checkFiniteLoss(loss: number | undefined, where: string): void {
  if (loss === undefined || Number.isFinite(loss)) return;
  throw new GatewiseError(
    'GW_TRAIN_NONFINITE',
    `got a loss of ${loss} ${where}, wanted a finite number; clip the gradients (@gatewise/plugin-clip), lower the ` +
      'learning rate, or look for bad numbers in the data. Weights saved before are not touched',
  );
}
