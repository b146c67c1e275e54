import * as tf from '@tensorflow/tfjs-core';

type Kernel = tf.KernelConfig['kernelFunc'];
interface Memory {
  disposeData(dataId: object): unknown;
}

/**
 * Makes AᵀB and ABᵀ on the wasm backend as fast as AB. Its own kernel takes the slow way for them, about twenty times
 * slower, and every gradient of a product is one: here the operand is transposed first. Results are the same.
 */
export function speedTransposedProducts(): void {
  const known = tf.getKernel('BatchMatMul', 'wasm');
  const transpose = tf.getKernel('Transpose', 'wasm');
  if (!known || !transpose || patched.has(known.kernelFunc)) return;
  const product = known.kernelFunc;
  const kernelFunc: Kernel = ({ inputs, attrs, backend }) => {
    const { a, b } = inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
    const { transposeA, transposeB } = attrs as unknown as { transposeA: boolean; transposeB: boolean };
    if (!transposeA && !transposeB)
      return product({ inputs: { a, b }, attrs: { transposeA, transposeB }, backend });
    const made: tf.TensorInfo[] = [];
    const turned = (x: tf.TensorInfo): tf.TensorInfo => {
      const axes = x.shape.map((_, i) => i);
      const perm = [...axes.slice(0, -2), axes.length - 1, axes.length - 2];
      const xT = transpose.kernelFunc({ inputs: { x }, attrs: { perm }, backend }) as tf.TensorInfo;
      made.push(xT);
      return xT;
    };
    const result = product({
      inputs: { a: transposeA ? turned(a) : a, b: transposeB ? turned(b) : b },
      attrs: { transposeA: false, transposeB: false },
      backend,
    });
    for (const { dataId } of made) (backend as Memory).disposeData(dataId);
    return result;
  };
  patched.add(kernelFunc);
  tf.unregisterKernel('BatchMatMul', 'wasm');
  tf.registerKernel({ ...known, kernelFunc });
}
const patched = new WeakSet<Kernel>();
