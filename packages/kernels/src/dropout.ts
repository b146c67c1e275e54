import * as tf from '@tensorflow/tfjs-core';
import { type AddedKernel, filled } from './call.js';
import type { Dropout } from './dense.js';
import { ensureKernel, kernelsInstalled } from './install.js';

/** Which numbers to draw: x has as many elements as [rows, steps, units], in that order. */
type Drawn = Omit<Dropout, 'x' | 'out'>;

/**
 * Inverted dropout in one kernel that draws its mask while it multiplies: x ⊗ m, m = 0 where `drawBelow(key, t, b, unit, rate)`
 * is true, else 1 / (1 − rate); its gradient draws it again. Null where our kernels are not in use.
 */
export function fusedDropout(x: tf.Tensor, drawn: Drawn): tf.Tensor | null {
  if (tf.getBackend() !== 'cpu' || !kernelsInstalled() || x.dtype !== 'float32') return null;
  ensureKernel(kernel);
  const op = tf.customGrad((given) => {
    const value = tf.engine().runKernel(kernel.name, { x: given as tf.Tensor }, { ...drawn }) as tf.Tensor;
    // dx = dy ⊗ m
    return { value, gradFunc: (dy: tf.Tensor) => fusedDropout(dy, drawn) as tf.Tensor };
  });
  return op(x);
}

const kernel: AddedKernel = {
  name: 'GatewiseDropout',
  run(call) {
    const x = call.inputs.x as tf.TensorInfo;
    const { values } = call.backend.data.get(x.dataId);
    const given = values instanceof Float32Array ? values : Float32Array.from(values);
    return filled(call, x.shape, (out) =>
      call.arithmetic.dropout({ ...(call.attrs as unknown as Drawn), x: given, out }),
    );
  },
};
