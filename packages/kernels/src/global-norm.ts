import type { TensorInfo } from '@tensorflow/tfjs-core';
import { reusedArray } from './array-pool.js';
import type { AddedKernel, Call } from './call.js';

/** ‖g‖₂ of all inputs together. Outputs: [norm]. */
export const globalNorm: AddedKernel = {
  name: 'GatewiseGlobalNorm',
  run: (call) => [scalar(call, norm(call, arraysOf(call)))],
};

/**
 * Clips all inputs together: if ‖g‖ > v then g ← g·v/‖g‖; attrs: { maxNorm: v }. NaN or infinity anywhere makes every
 * entry NaN. Outputs: [norm, norm after, 1 where the gradients changed else 0, …the gradients].
 */
export const clipByGlobalNorm: AddedKernel = {
  name: 'GatewiseClipByGlobalNorm',
  run(call) {
    const { maxNorm } = call.attrs as { maxNorm: number };
    const arrays = arraysOf(call);
    const n = norm(call, arrays);
    // both as float32, as tensors would be compared
    const within = Math.fround(n) <= Math.fround(maxNorm);
    const after = Number.isFinite(n) ? (within ? n : maxNorm) : Number.NaN;
    const stats = [n, after, within ? 0 : 1].map((value) => scalar(call, value));
    const factor = Number.isFinite(n) ? maxNorm / n : Number.NaN;
    const scaled = Object.values(call.inputs).map((g, i) =>
      within ? same(call, g!) : times(call, g!, arrays[i]!, factor),
    );
    return [...stats, ...scaled];
  },
};

/** ‖g‖ = √Σ g², in float64: no square of a float32 leaves its range. */
const norm = ({ arithmetic }: Call, arrays: readonly Float32Array[]): number =>
  Math.sqrt(arithmetic.sumOfSquares(arrays));

function arraysOf({ inputs, backend }: Call): Float32Array[] {
  const values = Object.values(inputs).map((g) => backend.data.get(g!.dataId).values);
  return values.map((v) => (v instanceof Float32Array ? v : Float32Array.from(v)));
}

const scalar = ({ backend }: Call, value: number): TensorInfo =>
  backend.makeTensorInfo([], 'float32', Float32Array.of(value));

/** The same array once more, as tf.js' Identity has it. */
function same({ backend }: Call, { dataId, shape, dtype }: TensorInfo): TensorInfo {
  backend.incRef(dataId);
  return { dataId, shape, dtype };
}

function times(
  { arithmetic, backend }: Call,
  g: TensorInfo,
  values: Float32Array,
  factor: number,
): TensorInfo {
  const out = reusedArray(values.length, arithmetic.array);
  arithmetic.scale(values, factor, out);
  return backend.makeTensorInfo(g.shape, 'float32', out);
}
