import * as tf from '@tensorflow/tfjs-core';
import { reusedArray } from './array-pool.js';
import type { AddedKernel, Call } from './call.js';
import { ensureKernel, kernelsInstalled } from './install.js';

/**
 * Mean softmax cross-entropy in one kernel, with its gradient: Σ_n w_n (k_n log Σ_c e^{z_nc} − Σ_c y_nc z_nc),
 * w = m / max(Σ m, 1), k = Σ_c y. Null where our kernels are not in use, or there is no class.
 *
 * @param logits z [N, C]
 * @param targets y: ids [N] from 0 to C − 1, or distributions [N, C]; no gradient goes there
 * @param mask m [N], or null for ones
 */
export function fusedSoftmaxCrossEntropy(
  logits: tf.Tensor2D,
  targets: tf.Tensor,
  mask: tf.Tensor | null,
): tf.Scalar | null {
  if (tf.getBackend() !== 'cpu' || !kernelsInstalled() || logits.dtype !== 'float32') return null;
  if (logits.shape[1] === 0) return null;
  ensureKernel(kernel);
  const recording = (tf.engine() as unknown as { isTapeOn(): boolean }).isTapeOn();
  const op = tf.customGrad((z, save) => {
    const [loss, gradient] = tf
      .engine()
      .runKernel(
        kernel.name,
        { logits: z as tf.Tensor, targets, ...(mask && { mask }) },
        { recording },
      ) as unknown as [tf.Scalar, tf.Tensor?];
    if (gradient) (save as tf.GradSaveFunc)([gradient]);
    // ∂L/∂z = dl · ∂l/∂z
    return { value: loss, gradFunc: (dl: tf.Tensor, [g]: tf.Tensor[]) => tf.mul(g!, dl) };
  });
  return op(logits) as tf.Scalar;
}

/** [l, ∂l/∂z], the gradient only while a tape records. */
function run(call: Call): tf.TensorInfo[] {
  const { logits, targets, mask } = call.inputs as Record<'logits' | 'targets' | 'mask', tf.TensorInfo>;
  const { backend, arithmetic } = call;
  const values = (t: tf.TensorInfo) => backend.data.get(t.dataId).values;
  const floats = (v: tf.TypedArray) => (v instanceof Float32Array ? v : Float32Array.from(v));
  const integers = (v: tf.TypedArray) => (v instanceof Int32Array ? v : Int32Array.from(v));
  const [rows = 0, classes = 0] = logits.shape;
  const y = values(targets);
  const gradient = call.attrs.recording === true ? reusedArray(rows * classes, arithmetic.array) : null;
  const loss = arithmetic.crossEntropy({
    ...{ rows, classes, gradient },
    logits: floats(values(logits)),
    targets: targets.shape.length === 1 ? integers(y) : floats(y),
    mask: mask ? floats(values(mask)) : null,
  });
  const l = backend.makeTensorInfo([], 'float32', Float32Array.of(loss));
  return gradient ? [l, backend.makeTensorInfo([rows, classes], 'float32', gradient)] : [l];
}

const kernel: AddedKernel = { name: 'GatewiseSoftmaxCrossEntropy', run };
