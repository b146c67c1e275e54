import * as tf from '@tensorflow/tfjs-core';
import type { Means } from './logs.js';
import type { Metric } from './metrics.js';
import type { Ranks } from './ranks.js';
import { GradientBuckets } from './ranks-buckets.js';

/** After local steps: every weight, and every slot of the optimizer, becomes the mean over ranks. */
export async function averageWeights(
  ranks: Ranks,
  weights: Readonly<Record<string, tf.Variable>>,
  optimizer: tf.Optimizer,
): Promise<void> {
  const slots = await optimizer.getWeights();
  const floats = [
    ...Object.entries(weights).map(([name, w]) => [`weight ${name}`, w] as const),
    ...slots.map(({ name, tensor }, i) => [`slot ${i} ${name}`, tensor] as const),
  ].filter(([, t]) => t.dtype === 'float32');
  const copies = Object.fromEntries(floats.map(([name, t]) => [name, tf.clone(t)]));
  const means = await new GradientBuckets(ranks.communicator).mean(copies, 1, ranks.size);
  for (const [name, w] of Object.entries(weights)) w.assign(means[`weight ${name}`] as tf.Tensor);
  await optimizer.setWeights(
    slots.map(({ name, tensor }, i) => ({ name, tensor: means[`slot ${i} ${name}`] ?? tensor })),
  );
  tf.dispose(means);
}

/** The means of what each rank saw become those of what all saw: of the loss and the metrics, by their weights. */
export async function reduceMeans(ranks: Ranks, means: Means, metrics: readonly Metric[]): Promise<number> {
  await means.flush();
  const names = ['loss', ...metrics.map(({ name }) => name)];
  const own = means.sums();
  const found = names.map((name) => own.find((one) => one.name === name) ?? { name, sum: 0, weight: 0 });
  const sums = await ranks.sum(found.flatMap(({ sum, weight }) => [sum, weight]));
  means.restore(
    names.map((name, i) => ({ name, sum: sums[2 * i] as number, weight: sums[2 * i + 1] as number })),
    (name) => metrics.find((metric) => metric.name === name),
  );
  return sums[1] as number;
}
