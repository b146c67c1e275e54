import { fusedDropout } from '@gatewise/kernels';
import { type Drawn, drawnDropout, drawValues } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Inverted dropout x ⊗ m: m is 0 with probability `rate`, else 1 / (1 − rate); element (t, b, unit) is drawn by
 * `drawBelow(key, t, b, unit, rate)`.
 *
 * @param x as many elements as [rows, steps, units], in that order
 */
export function dropElements(
  x: tf.Tensor,
  [rows, steps, units]: readonly [B: number, T: number, units: number],
  key: number,
  rate: number,
): tf.Tensor {
  const fused = fusedDropout(x, { rows, steps, units, key, rate });
  if (fused) return fused;
  return tf.mul(x, tf.reshape(drawnDropout({ B: rows, from: 0, steps, units, key, rate }), x.shape));
}

/** True with probability `rate`, [B, T]. */
export function dropSteps(B: number, T: number, key: number, rate: number): tf.Tensor {
  const drawn: Drawn = { B, from: 0, steps: T, units: 1, key, rate };
  return tf.tensor(Uint8Array.from(drawValues(drawn, 1, 0)), [B, T], 'bool');
}
