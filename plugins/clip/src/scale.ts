import type { Gradients } from '@gatewise/plugin';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { clipByKernel } from './kernel.js';
import { flatten, globalNorm, LARGEST, largest, type ScaledNorm, SMALLEST, scaledNorm } from './norm.js';

/** Clipped gradients and what to tell about them, each a scalar on the device. */
export interface Clipped {
  readonly gradients: Gradients;
  /** ‖g‖ before. */
  readonly norm: Scalar;
  /** ‖g‖ after. */
  readonly clippedNorm: Scalar;
  /** 1 where the gradients changed (NaN counts), else 0. */
  readonly clipped: Scalar;
}

/** What g is multiplied by, and the norm before and after. */
function factor({ m, r }: ScaledNorm, maxNorm: number) {
  const norm: Scalar = tf.mul(m, r);
  const within = tf.lessEqual(norm, maxNorm);
  // 0 where ‖g‖ is finite, else NaN
  const nan: Scalar = tf.sub(r, r);
  // v/‖g‖ where ‖g‖ > v, else 1; v/m first, so that a norm above 3.4e38 still has a factor
  const scale: Scalar = tf.add(tf.where(within, 1, tf.div(tf.div(maxNorm, m), r)), nan);
  const clippedNorm: Scalar = tf.add(tf.where(within, norm, maxNorm), nan);
  const clipped: Scalar = tf.sub(1, tf.cast(within, 'float32'));
  return { norm, scale, clippedNorm, clipped };
}

const map = (gradients: Gradients, f: (g: Tensor, name: string) => Tensor): Gradients =>
  Object.fromEntries(Object.entries(gradients).map(([name, g]) => [name, f(g, name)]));

/**
 * Clips by global norm: if ‖g‖ > v then g ← g·v/‖g‖, else g is unchanged; ‖g‖ over all tensors together.
 * A gradient with NaN or Infinity in it makes every entry NaN (TensorFlow's rule). Nothing is read from the device.
 * Source: Pascanu, Mikolov and Bengio, 2013.
 *
 * @param maxNorm v, above 0
 * @example
 * const { gradients, norm } = scaleToGlobalNorm({ W: dW, R: dR, b: db }, 1);
 */
export function scaleToGlobalNorm(gradients: Gradients, maxNorm: number): Clipped {
  const byKernel = clipByKernel(gradients, maxNorm);
  if (byKernel) return byKernel;
  return tf.tidy(() => {
    const { scale, ...stats } = factor(scaledNorm(flatten(gradients)), maxNorm);
    return { gradients: map(gradients, (g) => tf.mul(g, scale)), ...stats };
  });
}

/**
 * Clips each tensor by its own norm: if ‖g_k‖ > v then g_k ← g_k·v/‖g_k‖. `norm` and `clippedNorm` are of all together.
 * A tensor with NaN or Infinity in it becomes NaN in every entry; the others do not.
 */
export function scaleToNorm(gradients: Gradients, maxNorm: number): Clipped {
  return tf.tidy(() => {
    const each = Object.entries(gradients).map(([name, g]) => ({
      name,
      ...scaleToGlobalNorm({ [name]: g }, maxNorm),
    }));
    const together = (f: (one: Clipped) => Scalar) =>
      globalNorm(Object.fromEntries(each.map((one) => [one.name, f(one)])));
    return {
      gradients: Object.assign({}, ...each.map((one) => one.gradients)) as Gradients,
      norm: together((one) => one.norm),
      clippedNorm: together((one) => one.clippedNorm),
      // 0 only where no tensor changed
      clipped: largest(flatten(Object.fromEntries(each.map((one) => [one.name, one.clipped])))),
    };
  });
}

/** ‖·‖₂ of each unit as m r: of a matrix [I,N] each column, of a vector all of it. */
function unitNorm(t: Tensor): { readonly m: Tensor; readonly r: Tensor } {
  const axes = t.shape.slice(0, -1).map((_, axis) => axis);
  const over = axes.length > 0 ? axes : undefined;
  const m = tf.clipByValue(tf.max(tf.abs(t), over, true), SMALLEST, LARGEST);
  return { m, r: tf.sqrt(tf.sum(tf.square(tf.div(t, m)), over, true)) };
}

/**
 * Adaptive clipping, unit by unit: where ‖g_u‖ > λ max(‖w_u‖, ε) then g_u ← g_u λ max(‖w_u‖, ε)/‖g_u‖. A unit is a column of a
 * matrix: one gate of one unit in W and R; a vector is one unit. A unit with NaN or Infinity in it becomes NaN.
 * Source: Brock, De, Smith and Simonyan, 2021.
 *
 * @param weights by the names of the gradients
 */
export function scaleToWeights(
  gradients: Gradients,
  weights: Readonly<Record<string, Tensor>>,
  { clipping: λ, epsilon: ε }: { readonly clipping: number; readonly epsilon: number },
): Clipped {
  return tf.tidy(() => {
    const changed: Tensor[] = [];
    const scaled = map(gradients, (g, name) => {
      const w = unitNorm(weights[name] as Tensor);
      const { m, r } = unitNorm(g);
      const limit = tf.mul(λ, tf.maximum(tf.mul(w.m, w.r), ε));
      const within = tf.lessEqual(tf.mul(m, r), limit);
      changed.push(tf.max(tf.sub(1, tf.cast(within, 'float32'))));
      // 0 where ‖g_u‖ is finite, else NaN; limit/m first, so that a norm above 3.4e38 still has a factor
      return tf.mul(g, tf.add(tf.where(within, tf.onesLike(r), tf.div(tf.div(limit, m), r)), tf.sub(r, r)));
    });
    return {
      gradients: scaled,
      norm: globalNorm(gradients),
      clippedNorm: globalNorm(scaled),
      clipped: (changed.length > 0 ? tf.max(tf.stack(changed)) : tf.scalar(0)) as Scalar,
    };
  });
}

/** Clips each entry: g ← max(−v, min(v, g)). Infinity becomes ±v; NaN stays NaN, alone. */
export function clampValues(gradients: Gradients, maxValue: number): Clipped {
  return tf.tidy(() => {
    // By selection: on the wasm backend clipByValue turns NaN into −v.
    const clamp = (g: Tensor) => tf.where(tf.isNaN(g), g, tf.clipByValue(g, -maxValue, maxValue));
    const clamped = map(gradients, clamp);
    const within = tf.lessEqual(largest(flatten(gradients)), maxValue);
    return {
      gradients: clamped,
      norm: globalNorm(gradients),
      clippedNorm: globalNorm(clamped),
      clipped: tf.sub(1, tf.cast(within, 'float32')) as Scalar,
    };
  });
}
