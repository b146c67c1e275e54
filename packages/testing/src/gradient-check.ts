import { random } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { assertAtMost } from './assertions.js';

export interface GradientCheckOptions {
  /** Length of a step along a direction. */
  readonly epsilon?: number;
  /** Largest error, as a part of the largest slope seen (or of 1e-2 where slopes are smaller). */
  readonly limit?: number;
  readonly directions?: number;
  readonly seed?: number;
}

/**
 * Holds tf.js gradients of a scalar function against central differences along random directions v of each input:
 * (f(x + εv) − f(x − εv)) / 2ε ≈ ⟨∇f, v⟩. In float32, so it finds wrong gradients, not the last digits.
 *
 * @example await gradientCheck((x, W) => tf.sum(tf.tanh(tf.matMul(x, W))), [x, W]);
 */
export async function gradientCheck(
  f: (...inputs: tf.Tensor[]) => tf.Scalar,
  inputs: readonly tf.Tensor[],
  { epsilon = 1e-2, limit = 1e-2, directions = 4, seed = 1 }: GradientCheckOptions = {},
): Promise<void> {
  const r = random(seed);
  const gradients = tf.grads(f)([...inputs]);
  try {
    for (let k = 0; k < inputs.length; k++) {
      for (let n = 0; n < directions; n++) {
        const v = Float32Array.from({ length: inputs[k]!.size }, () => r.normal());
        const { slope, difference } = await alongDirection(f, inputs, gradients[k]!, { k, v, epsilon });
        const error = Math.abs(slope - difference) / Math.max(Math.abs(slope), Math.abs(difference), 1e-2);
        assertAtMost(`gradient by input ${k}: slope ${slope}, difference ${difference}, error`, error, limit);
      }
    }
  } finally {
    tf.dispose(gradients);
  }
}

async function alongDirection(
  f: (...inputs: tf.Tensor[]) => tf.Scalar,
  inputs: readonly tf.Tensor[],
  gradient: tf.Tensor,
  { k, v, epsilon }: { k: number; v: Float32Array; epsilon: number },
): Promise<{ slope: number; difference: number }> {
  const pair = tf.tidy(() => {
    const direction = tf.tensor(v, inputs[k]!.shape);
    const at = (e: number) => {
      const moved = tf.add(inputs[k]!, tf.mul(direction, e));
      return f(...inputs.map((x, i) => (i === k ? moved : x)));
    };
    return tf.stack([tf.sum(tf.mul(gradient, direction)), at(epsilon), at(-epsilon)]);
  });
  const [slope, up, down] = await pair.data();
  pair.dispose();
  return { slope: slope!, difference: (up! - down!) / (2 * epsilon) };
}
