import type { KernelConfig, TensorInfo, TypedArray } from '@tensorflow/tfjs-core';
import type { Arithmetic } from './arithmetic.js';
import { reusedArray } from './array-pool.js';

/** What our kernels use of tf.js' `cpu` backend: tensors are arrays on the host. */
interface CpuBackend {
  readonly data: { get(dataId: object): { values: TypedArray } };
  makeTensorInfo(shape: number[], dtype: 'float32', values: Float32Array): TensorInfo;
  incRef(dataId: object): void;
}

/** One call of a kernel. */
export interface Call {
  readonly inputs: Readonly<Record<string, TensorInfo | undefined>>;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly backend: CpuBackend;
  readonly arithmetic: Arithmetic;
}

/** A kernel of ours under the name of one of tf.js'; null leaves a call to tf.js' own. */
export interface OwnKernel {
  readonly name: string;
  run(call: Call): TensorInfo | TensorInfo[] | null;
}

/** A kernel that tf.js has not: looked up by its name with `tf.getKernel`, by code that must not depend on this package. */
export interface AddedKernel {
  readonly name: string;
  run(call: Call): TensorInfo | TensorInfo[];
}

export type KernelFunction = KernelConfig['kernelFunc'];

/** The values of a float32 tensor, or null for another dtype. */
export function floats(call: Call, t: TensorInfo | undefined): Float32Array | null {
  const values = t?.dtype === 'float32' ? call.backend.data.get(t.dataId).values : null;
  // tf.js keeps what it was given: numbers may lie in another kind of array
  return values instanceof Float32Array ? values : null;
}

/** The values of an int32 tensor, or null. */
export function integers(call: Call, t: TensorInfo | undefined): Int32Array | null {
  const values = t?.dtype === 'int32' ? call.backend.data.get(t.dataId).values : null;
  return values instanceof Int32Array ? values : null;
}

/** A tensor of this shape that `fill` writes into. */
export function filled(
  { backend, arithmetic }: Call,
  shape: number[],
  fill: (values: Float32Array) => void,
): TensorInfo {
  const values = reusedArray(sizeOf(shape), arithmetic.array);
  fill(values);
  return backend.makeTensorInfo(shape, 'float32', values);
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((n, d) => n * d, 1);
export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((d, i) => d === b[i]);
