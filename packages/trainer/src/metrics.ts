import { didYouMean } from '@gatewise/core';
import type { Seen } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import { type ClassMetricName, classMetric } from './class-metrics.js';
import type { Part } from './logs.js';
import { lossFunction } from './losses.js';
import { checkShape, idsOf, meanOf, refusal } from './seen.js';
import { softmaxCrossEntropy } from './softmax-cross-entropy.js';

/** One number of how good predictions are: a mean over targets, taken on the device. */
export interface Metric {
  /** Its name in the logs, of a validation with `val` before it: `accuracy`, `valAccuracy`. */
  readonly name: string;
  /** The mean over the targets that count, or over rows. Synchronous, inside `tf.tidy`. */
  mean(seen: Seen): tf.Scalar;
  /** What becomes of the mean over a whole epoch: `Math.exp` of a cross-entropy is the perplexity. */
  readonly finish?: (mean: number) => number;
  /** What the mean is over: targets where absent. */
  readonly over?: 'targets' | 'rows';
  /** The number that is made of this mean and others, where it stands in no log itself. */
  readonly part?: Part;
}

/** What a number of a validation is called: `accuracy` becomes `valAccuracy`. */
export const validationName = (name: string): string => `val${name.charAt(0).toUpperCase()}${name.slice(1)}`;

type Named = Omit<Metric, 'name'>;

const accuracy: Named = { mean: (seen) => meanOf(hits(seen, 'accuracy'), seen) };
const meanSquaredError: Named = {
  mean: (seen) => meanOf(tf.square(errors(seen, 'meanSquaredError')), seen),
};
const crossEntropy: Named = { mean: nats };

const named = {
  accuracy,
  /** The share of tokens, place by place, that are not the likeliest one. */
  tokenErrorRate: { ...accuracy, finish: (mean) => 1 - mean },
  /** The share of rows whose every target is hit. */
  sequenceAccuracy: { mean: wholeRows, over: 'rows' },
  /** Nats, without class weights. */
  crossEntropy,
  perplexity: { ...crossEntropy, finish: Math.exp },
  bitsPerCharacter: { ...crossEntropy, finish: (mean) => mean / Math.LN2 },
  meanAbsoluteError: { mean: (seen) => meanOf(tf.abs(errors(seen, 'meanAbsoluteError')), seen) },
  meanSquaredError,
  rootMeanSquaredError: { ...meanSquaredError, finish: Math.sqrt },
} satisfies Record<string, Named>;

/** Metrics by name; `top5Accuracy` counts a target that is among the 5 likeliest classes. */
export type MetricName = keyof typeof named | `top${number}Accuracy` | ClassMetricName;

/** Errors: `GW_TRAIN_METRICS` for a name that is not known, and for two of one name. */
export function readMetrics(wanted: readonly (MetricName | Metric)[] = []): readonly Metric[] {
  if (!Array.isArray(wanted)) throw refusal(`metrics of type ${typeof wanted}`, 'a list of names');
  const metrics = wanted.flatMap(readMetric);
  const twice = metrics.find(({ name }, i) => metrics.findIndex((other) => other.name === name) !== i);
  if (twice) throw refusal(`two metrics named "${shownName(twice)}"`, 'one of each name');
  return metrics;
}

/** What a metric is called in the logs. */
export const shownName = ({ name, part }: Metric): string => part?.of ?? name;

function readMetric(wanted: MetricName | Metric): Metric | readonly Metric[] {
  if (typeof wanted === 'object' && typeof wanted?.mean === 'function' && typeof wanted.name === 'string')
    return wanted;
  if (typeof wanted === 'string' && Object.hasOwn(named, wanted))
    return { name: wanted, ...named[wanted as keyof typeof named] };
  const k = Number(/^top([1-9]\d*)Accuracy$/.exec(String(wanted))?.[1]);
  if (k > 0) return { name: wanted as string, mean: (seen) => meanOf(amongFirst(seen, k), seen) };
  const ofClasses = typeof wanted === 'string' ? classMetric(wanted) : undefined;
  if (ofClasses) return ofClasses;
  const names = [
    ...[...Object.keys(named), 'top5Accuracy', 'precision', 'recall', 'f1'],
    ...['class3Precision', 'class3Recall', 'class3F1', 'macro10Precision', 'macro10Recall', 'macro10F1'],
  ];
  const near = typeof wanted === 'string' ? didYouMean(wanted, names) : '';
  throw refusal(
    `the metric ${JSON.stringify(wanted)}`,
    `one of ${names.join(', ')}, or { name, mean(seen) }${near}`,
  );
}

/** 1 where the target is the likeliest class, else 0: [..]; of independent classes (binary) [..,C]. */
function hits(seen: Seen, metric: string): tf.Tensor {
  const { targets, predictions, form } = seen;
  const ids = idsOf(seen);
  if (ids) return tf.cast(tf.equal(tf.argMax(predictions, -1), ids), 'float32');
  checkShape(seen, metric);
  if (form === 'binary')
    return tf.cast(tf.equal(tf.greater(predictions, 0.5), tf.greater(targets, 0.5)), 'float32');
  if (form === 'values')
    throw refusal(`${metric} for values [${predictions.shape}]`, 'classes to choose from');
  return tf.cast(tf.equal(tf.argMax(predictions, -1), tf.argMax(targets, -1)), 'float32');
}

/** Of float32. */
const LARGEST = 3.4028234663852886e38;

/** 1 where fewer than k classes are likelier than the target's, else 0: [..]. */
function amongFirst(seen: Seen, k: number): tf.Tensor {
  const { targets, predictions, form } = seen;
  const C = predictions.shape.at(-1) ?? 0;
  if (form === 'values' || form === 'binary')
    throw refusal(`top${k}Accuracy for ${form}`, 'classes to choose from');
  const ids = idsOf(seen);
  if (!ids) checkShape(seen, `top${k}Accuracy`);
  const y = tf.reshape(ids ?? tf.argMax(targets, -1), [-1]);
  const N = y.size;
  // z_y = z[n, y_n], and how many classes are above it: Σ_c step(z_c − z_y), of finite numbers since ∞ − ∞ is NaN
  const z = tf.clipByValue(tf.reshape(predictions, [N, C]), -LARGEST, LARGEST);
  const place = tf.add(tf.mul(tf.range(0, N, 1, 'int32'), C), tf.cast(y, 'int32'));
  const zy = tf.gather(tf.reshape(z, [-1]), tf.cast(place, 'int32'));
  const above = tf.sum(tf.step(tf.sub(z, tf.reshape(zy, [N, 1]))), -1);
  const likelier = tf.reshape(above, predictions.shape.slice(0, -1));
  return tf.cast(tf.less(likelier, k), 'float32');
}

/** The share of rows [B] without a miss; what is masked is no miss. */
function wholeRows(seen: Seen): tf.Scalar {
  const { mask } = seen;
  const hit = hits(seen, 'sequenceAccuracy');
  const B = hit.shape[0] ?? 1;
  const counted = mask ? tf.where(mask, hit, tf.onesLike(hit)) : hit;
  return tf.mean(tf.min(tf.reshape(counted, [B, -1]), 1)) as tf.Scalar;
}

/** Mean cross-entropy; that of the loss where it is one. */
function nats(seen: Seen): tf.Scalar {
  const { targets, predictions, form, mask, crossEntropy } = seen;
  if (crossEntropy) return crossEntropy;
  if (form === 'logits') return softmaxCrossEntropy(targets, predictions, mask);
  if (form !== 'probabilities')
    throw refusal('a cross-entropy of predictions that are no classes', 'a loss such as softmaxCrossEntropy');
  const ids = idsOf(seen);
  const loss = lossFunction(ids ? 'sparseCategoricalCrossentropy' : 'categoricalCrossentropy');
  return meanOf(loss(ids ?? targets, predictions), seen);
}

function errors(seen: Seen, metric: string): tf.Tensor {
  checkShape(seen, metric);
  return tf.sub(tf.cast(seen.targets, 'float32'), seen.predictions);
}
