import * as tf from '@tensorflow/tfjs-core';
import { dropElements, dropSteps } from './drop-elements.js';

/** What stands for x and W in the op: ids as int32, padded ones as 0; features as float32. */
export function prepareInput(
  x: tf.Tensor, // [B,T,I], or ids [B,T]
  mask: tf.Tensor | undefined, // [B,T] bool
): tf.Tensor {
  if (x.rank === 3) return x.dtype === 'float32' ? x : tf.cast(x, 'float32');
  // a model's input is float32 unless it says otherwise
  const ids = x.dtype === 'int32' ? x : tf.cast(x, 'int32');
  return mask ? tf.where(mask, ids, tf.zerosLike(ids)) : ids;
}

/** Inverted dropout on x. Ids stand for one-hot rows: dropping one drops the whole token. */
export function dropInput(
  x: tf.Tensor, // [B,T,I], or ids [B,T]
  W: tf.Tensor, // [I, G·H]
  key: number,
  rate: number,
): { x: tf.Tensor; W: tf.Tensor } {
  const [B, T, I] = x.shape as [number, number, number | undefined];
  if (I !== undefined) return { x: dropElements(x, [B, T, I], key, rate), W };
  // a dropped token reads a row of zeros that is put below W; the others are scaled by 1 / (1 − p)
  const [vocabulary, columns] = W.shape as [number, number];
  const ids = tf.where(dropSteps(B, T, key, rate), tf.fill([B, T], vocabulary, 'int32'), x);
  return { x: ids, W: tf.concat([tf.mul(W, 1 / (1 - rate)), tf.zeros([1, columns])]) };
}

/** Inverted dropout on the output, [B,T,H] or [B,H]. */
export function dropOutput(y: tf.Tensor, key: number, rate: number): tf.Tensor {
  const [B, T, H] = (y.rank === 3 ? y.shape : [y.shape[0], 1, y.shape[1]]) as [number, number, number];
  return dropElements(y, [B, T, H], key, rate);
}
