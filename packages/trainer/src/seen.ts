import { GatewiseError } from '@gatewise/core';
import type { Seen } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import { maskedMean } from './lengths.js';

export const refusal = (got: string, wanted: string) =>
  new GatewiseError('GW_TRAIN_METRICS', `got ${got}, wanted ${wanted}`);

/** Over what counts. */
export function meanOf(value: tf.Tensor, { mask }: Seen): tf.Scalar {
  return mask ? maskedMean(value, mask) : (tf.mean(value) as tf.Scalar);
}

/** Targets as ids [..] beside predictions [..,C]; undefined where they have one shape. */
export function idsOf({ targets, predictions }: Seen): tf.Tensor | undefined {
  const rows = predictions.shape.slice(0, -1);
  const C = predictions.shape.at(-1) ?? 0;
  const same = tf.util.arraysEqual(targets.shape, predictions.shape);
  if (same || targets.size * C !== predictions.size) return undefined;
  return tf.reshape(tf.cast(targets, 'int32'), rows);
}

/** Errors: `GW_TRAIN_METRICS`. */
export function checkShape({ targets, predictions }: Seen, metric: string): void {
  if (tf.util.arraysEqual(targets.shape, predictions.shape)) return;
  throw refusal(
    `targets [${targets.shape}] and predictions [${predictions.shape}] for ${metric}`,
    'shapes that fit it: one shape, or for classes ids [..] beside [..,C]',
  );
}
