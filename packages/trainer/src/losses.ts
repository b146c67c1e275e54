import { GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { maskedMean } from './lengths.js';
import { softmaxCrossEntropy, summedCrossEntropy } from './softmax-cross-entropy.js';

/** Targets and predictions to a loss: a scalar, or a tensor whose mean is taken. `mask` [B,T] comes with padded rows. */
export type LossFunction = (yTrue: tf.Tensor, yPred: tf.Tensor, mask?: tf.Tensor) => tf.Tensor;

// Probabilities are kept this far from 0 and 1, as tf.layers does.
const EPSILON = 1e-7;
const inside = (p: tf.Tensor) => tf.clipByValue(p, EPSILON, 1 - EPSILON);
const float = (t: tf.Tensor) => tf.cast(t, 'float32');

/** −Σ_c y log p, for probabilities: rows of p are scaled to a sum of 1. */
function categoricalCrossentropy(y: tf.Tensor, p: tf.Tensor): tf.Tensor {
  const scaled = tf.div(p, tf.sum(p, -1, true));
  return tf.neg(tf.sum(tf.mul(float(y), tf.log(inside(scaled))), -1));
}

/** −log p[y], for probabilities and ids: y has the shape of p without, or with 1 as, its last axis. */
function sparseCategoricalCrossentropy(y: tf.Tensor, p: tf.Tensor): tf.Tensor {
  const ids = tf.cast(tf.reshape(y, p.shape.slice(0, -1)), 'int32');
  return categoricalCrossentropy(tf.oneHot(ids as tf.Tensor1D, p.shape.at(-1) as number), p);
}

/** −y log p − (1 − y) log(1 − p), for probabilities. */
function binaryCrossentropy(y: tf.Tensor, p: tf.Tensor): tf.Tensor {
  const q = inside(p);
  const t = float(y);
  return tf.neg(tf.add(tf.mul(t, tf.log(q)), tf.mul(tf.sub(1, t), tf.log(tf.sub(1, q)))));
}

/** e²/2 where |e| ≤ 1, else |e| − 1/2; e = y − p. Source: Huber 1964. */
function huber(y: tf.Tensor, p: tf.Tensor): tf.Tensor {
  const e = tf.abs(tf.sub(float(y), p));
  // q = min(|e|, 1), l = q²/2 + (|e| − q)
  const q = tf.minimum(e, 1);
  return tf.add(tf.mul(tf.square(q), 0.5), tf.sub(e, q));
}

const named = {
  softmaxCrossEntropy,
  summedCrossEntropy,
  categoricalCrossentropy,
  sparseCategoricalCrossentropy,
  binaryCrossentropy,
  meanSquaredError: (y, p) => tf.square(tf.sub(float(y), p)),
  meanAbsoluteError: (y, p) => tf.abs(tf.sub(float(y), p)),
  huber,
} satisfies Record<string, LossFunction>;

/** Those whose targets may be ids. */
const sparse: readonly LossName[] = [
  'softmaxCrossEntropy',
  'summedCrossEntropy',
  'sparseCategoricalCrossentropy',
];

/** Losses by name: `softmaxCrossEntropy` and `summedCrossEntropy` take logits, the other cross-entropies probabilities, as in tf.layers. */
export type LossName = keyof typeof named;
export type Loss = LossName | LossFunction;

/** Errors: `GW_TRAIN_LOSS` for a name that is not known. */
export function lossFunction(loss: Loss | undefined): LossFunction {
  if (typeof loss === 'function') return loss;
  if (typeof loss === 'string' && Object.hasOwn(named, loss)) return named[loss];
  throw new GatewiseError(
    'GW_TRAIN_LOSS',
    `got ${loss === undefined ? 'no loss' : JSON.stringify(loss)}, wanted a function (yTrue, yPred) => loss, or one of ` +
      Object.keys(named).join(', '),
  );
}

/** The mean loss as a scalar, over the steps that count; a regression's y and p must have one shape. Errors: `GW_TRAIN_SHAPE`. */
export function applyLoss(
  loss: Loss,
  compute: LossFunction,
  y: tf.Tensor,
  p: tf.Tensor,
  mask?: tf.Tensor2D, // [B,T]
): tf.Scalar {
  if (typeof loss === 'string' && !sparse.includes(loss) && !tf.util.arraysEqual(y.shape, p.shape)) {
    throw new GatewiseError(
      'GW_TRAIN_SHAPE',
      `got y [${y.shape}] and predictions [${p.shape}], wanted one shape for ${loss}; reshape y, or change the last layer`,
    );
  }
  if (mask) return maskedMean(compute(y, p, mask), mask);
  const value = compute(y, p);
  return (value.rank === 0 ? value : tf.mean(value)) as tf.Scalar;
}
