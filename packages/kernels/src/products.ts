import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type Call, filled, floats, type OwnKernel, sameShape, sizeOf } from './call.js';
import { type Activation, activations } from './dense.js';

/** A B, with the leading axes as batches. */
export const batchMatMul: OwnKernel = {
  name: 'BatchMatMul',
  run: (call) => product(call, null, 'linear'),
};

/** f(A B + bias); activations with parameters are tf.js'. */
export const fusedMatMul: OwnKernel = {
  name: '_FusedMatMul',
  run(call) {
    const activation = (call.attrs.activation ?? 'linear') as Activation;
    if (!activations.includes(activation)) return null;
    const { a, b, bias } = call.inputs;
    if (!bias) return product(call, null, activation);
    const n = call.attrs.transposeB ? b!.shape.at(-2) : b!.shape.at(-1);
    const isRow = bias.shape.length <= a!.shape.length && bias.shape.at(-1) === n && sizeOf(bias.shape) === n;
    const values = floats(call, bias);
    return isRow && values ? product(call, values, activation) : null;
  },
};

function product(call: Call, bias: Float32Array | null, activation: Activation): TensorInfo | null {
  const [a, b] = [call.inputs.a!, call.inputs.b!];
  const [A, B] = [floats(call, a), floats(call, b)];
  if (!A || !B) return null;
  const transposeA = call.attrs.transposeA === true;
  const transposeB = call.attrs.transposeB === true;
  const [p = 0, q = 0] = a.shape.slice(-2);
  const [r = 0, s = 0] = b.shape.slice(-2);
  const [m, k] = transposeA ? [q, p] : [p, q];
  const [k2, n] = transposeB ? [s, r] : [r, s];
  const outer = outerShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  if (k !== k2 || !outer || m * n * k === 0) return null;
  const batches = sizeOf(outer);
  return filled(call, [...outer, m, n], (c) =>
    call.arithmetic.product({
      ...{ batches, m, n, k, a: A, b: B, transposeA, transposeB, bias, activation, c },
      repeatA: A.length < batches * m * k,
      repeatB: B.length < batches * k * n,
    }),
  );
}

/** Of batches that are as many, or one that serves all; null otherwise. */
function outerShape(a: readonly number[], b: readonly number[]): number[] | null {
  if (sameShape(a, b)) return [...a];
  // one matrix among batches: its axes are ones, and no more than the other has
  if (sizeOf(a) === 1 && a.length <= b.length) return [...b];
  return sizeOf(b) === 1 && b.length <= a.length ? [...a] : null;
}
