import type { Gradients } from '@gatewise/plugin';
import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { normByKernel } from './kernel.js';

/** Rows of 1024 keep a reduction parallel on a GPU and its rounding pairwise. */
const WIDTH = 1024;
/** g / m stays in float32's range for m between these; zero gradients divide to zero. */
export const SMALLEST = 1.2e-38;
export const LARGEST = 8e37;

/** ‖g‖ = m r. m alone carries the range, so r neither overflows nor vanishes; it is NaN or Infinity exactly where a gradient is. */
export interface ScaledNorm {
  readonly m: Scalar;
  readonly r: Scalar;
}

/** All gradients behind one another, the last row filled with zeros: [⌈N/1024⌉, 1024]. */
export function flatten(gradients: Gradients): Tensor2D {
  const flat: Tensor[] = Object.values(gradients).map((g) => tf.reshape(g, [-1]));
  const N = flat.reduce((n, g) => n + g.size, 0);
  const missing = Math.max(1, Math.ceil(N / WIDTH)) * WIDTH - N;
  if (missing > 0) flat.push(tf.fill([missing], 0));
  return tf.reshape(tf.concat(flat), [-1, WIDTH]);
}

/** The largest |g|. */
export function largest(rows: Tensor2D): Scalar {
  return tf.max(tf.max(tf.abs(rows), 1));
}

/** ‖g‖ of `rows` as m r. */
export function scaledNorm(rows: Tensor2D): ScaledNorm {
  // m = max |g|
  const m: Scalar = tf.clipByValue(largest(rows), SMALLEST, LARGEST);
  // r = √Σ (g/m)²
  const r: Scalar = tf.sqrt(tf.sum(tf.sum(tf.square(tf.div(rows, m)), 1)));
  return { m, r };
}

/**
 * ‖g‖₂ of all tensors together, without a read from the device: √Σ g² = m √Σ (g/m)² with m = max |g|, so that gradients
 * of 1e20 or 1e-25 neither overflow nor vanish. Infinity or NaN where a gradient is, Infinity above 3.4e38, 0 for no gradients.
 *
 * @example
 * ctx.report('gradientNorm', globalNorm(gradients));
 */
export function globalNorm(gradients: Gradients): Scalar {
  const norm = normByKernel(gradients);
  if (norm) return norm;
  return tf.tidy(() => {
    const { m, r } = scaledNorm(flatten(gradients));
    return tf.mul(m, r);
  });
}
