import type { Gradients } from '@gatewise/plugin';
import type { NamedTensorMap, Scalar, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Clipped } from './scale.js';

/**
 * Kernels that @gatewise/kernels registers for the `cpu` backend where an engine brings its arithmetic. A plugin must
 * not import engines, so they are looked up by name; where they are not, tf.js' ops do the same.
 */
const NORM = 'GatewiseGlobalNorm';
const CLIP = 'GatewiseClipByGlobalNorm';

/** ‖g‖ of all gradients by one kernel, or null where it is not. */
export function normByKernel(gradients: Gradients): Scalar | null {
  if (!usable(NORM)) return null;
  return run(NORM, gradients, {})[0] as Scalar;
}

/** Clipping by global norm by one kernel, or null where it is not. */
export function clipByKernel(gradients: Gradients, maxNorm: number): Clipped | null {
  if (!usable(CLIP)) return null;
  const [norm, clippedNorm, clipped, ...scaled] = run(CLIP, gradients, { maxNorm });
  return {
    gradients: Object.fromEntries(Object.keys(gradients).map((name, i) => [name, scaled[i] as Tensor])),
    norm: norm as Scalar,
    clippedNorm: clippedNorm as Scalar,
    clipped: clipped as Scalar,
  };
}

/** While a tape records, the ops are taken: the kernels have no gradients. */
function usable(kernel: string): boolean {
  return tf.engine().state.gradientDepth === 0 && tf.getKernel(kernel, tf.getBackend()) !== undefined;
}

function run(kernel: string, gradients: Gradients, attrs: tf.NamedAttrMap): Tensor[] {
  // numbered: the order of an object's keys is theirs only where none of them is a number
  const inputs = Object.fromEntries(Object.values(gradients).map((g, i) => [`g${i}`, g])) as NamedTensorMap;
  return tf.engine().runKernel(kernel, inputs, attrs) as Tensor[];
}
