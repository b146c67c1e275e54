import { GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Loss, LossFunction } from './losses.js';
import { checkTargets, softmaxCrossEntropy } from './softmax-cross-entropy.js';

/** Losses that weigh classes. */
const weighable = [
  'softmaxCrossEntropy',
  'categoricalCrossentropy',
  'sparseCategoricalCrossentropy',
] as const;
export type WeighableLoss = (typeof weighable)[number];

/**
 * The mean of a cross-entropy with a weight for each class: L = Σ_n w_{y_n} l_n / Σ_n w_{y_n} over the targets that count; of
 * distributions w_n = Σ_c w_c y_nc and l_n = −Σ_c (w_c y_nc / w_n) log p_nc. Softmax cross-entropy stays one stable kernel: the
 * weights, scaled to a sum of 1, are its mask. The same as PyTorch's `CrossEntropyLoss(weight)` for ids.
 * Errors: `GW_TRAIN_CLASS_WEIGHTS`.
 */
export function weighted(
  loss: Loss | undefined,
  compute: LossFunction,
  weights: readonly number[],
): LossFunction {
  checkWeights(loss, weights);
  return (yTrue, yPred, mask) => {
    checkClasses(weights, yPred);
    const { y, w } = weighTargets(yTrue, yPred, weights, mask);
    if (loss === 'softmaxCrossEntropy') return softmaxCrossEntropy(y, yPred, w);
    // by selection: 0 · NaN is NaN
    const l = compute(y, yPred);
    const counts = tf.reshape(w, l.shape);
    return tf.sum(tf.where(tf.greater(counts, 0), tf.mul(counts, l), tf.zerosLike(l)));
  };
}

/** Targets, of distributions those of w_c y_nc / w_n, and the share w_n / Σ w_n that each has in the mean, [..]. */
function weighTargets(
  yTrue: tf.Tensor, // ids [..] or [..,1], or distributions [..,C]
  yPred: tf.Tensor, // [..,C]
  weights: readonly number[], // [C]
  mask: tf.Tensor | undefined, // [..]
): { y: tf.Tensor; w: tf.Tensor } {
  const rows = yPred.shape.slice(0, -1);
  const ofClass = tf.tensor1d([...weights]);
  const oneId = yTrue.shape.at(-1) === 1 && yTrue.size * weights.length === yPred.size;
  const targets = oneId ? tf.reshape(yTrue, rows) : yTrue;
  const ids = checkTargets(targets, yPred, mask);
  const scaled = ids ? targets : tf.mul(tf.cast(targets, 'float32'), ofClass);
  const k = ids
    ? tf.reshape(tf.gather(ofClass, tf.reshape(tf.cast(targets, 'int32'), [-1])), rows)
    : tf.sum(scaled, -1);
  const counted = mask ? tf.mul(k, tf.cast(mask, 'float32')) : k;
  return {
    y: ids ? targets : tf.divNoNan(scaled, tf.expandDims(k, -1)),
    w: tf.divNoNan(counted, tf.sum(counted)),
  };
}

function checkWeights(loss: Loss | undefined, weights: readonly number[]): void {
  const refuse = (got: string, wanted: string) => {
    throw new GatewiseError('GW_TRAIN_CLASS_WEIGHTS', `got ${got}, wanted ${wanted}`);
  };
  if (!(weighable as readonly unknown[]).includes(loss)) {
    const name = typeof loss === 'function' ? 'a loss of your own' : `the loss ${String(loss)}`;
    refuse(`classWeights with ${name}`, `one of ${weighable.join(', ')}; a function can weigh by itself`);
  }
  const numbers = Array.isArray(weights) && weights.every((w) => Number.isFinite(w) && w >= 0);
  if (!numbers || !weights.some((w) => w > 0)) {
    refuse(`classWeights ${JSON.stringify(weights)}`, 'a number ≥ 0 for each class, one of them above 0');
  }
}

function checkClasses(weights: readonly number[], yPred: tf.Tensor): void {
  const C = yPred.shape.at(-1);
  if (C === weights.length) return;
  throw new GatewiseError(
    'GW_TRAIN_CLASS_WEIGHTS',
    `got ${weights.length} classWeights for predictions [${yPred.shape}], wanted one for each of ${C} classes`,
  );
}
