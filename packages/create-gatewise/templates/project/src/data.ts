import * as tf from '@tensorflow/tfjs';

/** T: numbers in a sequence. */
export const time = 12;

/** Batches of random sequences x [32,T,1] with y [32]: 1 where the sum of a sequence is positive, else 0. */
export function* sums(first: number, count: number) {
  for (let seed = first; seed < first + count; seed++) {
    const x = tf.randomNormal([32, time, 1], 0, 1, 'float32', seed);
    const y = tf.tidy(() => tf.cast(tf.reshape(tf.greater(tf.sum(x, 1), 0), [32]), 'int32'));
    yield { x, y };
  }
}
