import type * as tf from '@tensorflow/tfjs-core';
import { clear, empty, run, submit } from './device.js';
import {
  flatGroups,
  flatParameters,
  type Product,
  productGroups,
  productKernel,
  productParameters,
  sumKernel,
  transposeKernel,
} from './product-kernels.js';
import { linksKernel, scatterKernel, scatterParameters } from './scatter-kernels.js';
import { vectorProductGroups, vectorProductKernel } from './vector-product-kernel.js';
import { parameterData } from './wgsl.js';

/** C [M,N] = L·D over K; `left`, `right` and `out` are where the matrices begin, the steps their row lengths. */
export interface ProductShape {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly left?: number;
  readonly leftStep: number;
  readonly right?: number;
  readonly rightStep: number;
  readonly out?: number;
  readonly outStep: number;
}

/** Runs a product; one of more than `work` multiplications in several dispatches, by rows, sent one by one. */
export function product(
  which: Product,
  work: number,
  { M, N, K, left = 0, leftStep, right = 0, rightStep, out = 0, outStep }: ProductShape,
  tensors: readonly tf.Tensor[], // L, D, the mask where there is one, C
): void {
  const alike = which === 'plain' ? K : M;
  const fours = [N, alike, left, leftStep, right, rightStep, out, outStep].every((n) => n % 4 === 0);
  const rows = Math.max(8, 8 * Math.floor(work / (8 * N * K)));
  for (let m = 0; m < M; m += rows) {
    const some = Math.min(rows, M - m);
    const values = {
      ...{ M: some, N, K, right, rightStep, outStep, leftStep },
      left: left + m * (which === 'plain' ? leftStep : 1),
      out: out + m * outStep,
    };
    const data = parameterData(productParameters, values);
    const groups = fours ? vectorProductGroups : productGroups;
    const make = () => (fours ? vectorProductKernel(which) : productKernel(which));
    run(`product ${which} ${fours}`, make, data, tensors, groups(some, N));
    if (some < M) submit();
  }
}

/** D [N,M] transposed. */
export function transpose(D: tf.Tensor, M: number, N: number): tf.Tensor {
  const C = empty(M, N);
  const data = parameterData(flatParameters, { M, N, at: 0, stride: 0 });
  run('transpose', transposeKernel, data, [D, C], flatGroups(M, N));
  return C;
}

/** Σ of M rows of N numbers in D, from `at` on. */
export function sumRows(D: tf.Tensor, at: number, M: number, N: number): tf.Tensor {
  const C = empty(N);
  run('sum', sumKernel, parameterData(flatParameters, { M, N, at, stride: N }), [D, C], flatGroups(1, N));
  return C;
}

/** dW [I,N] of rows gathered by ids [M]. */
export function scatter(ids: tf.Tensor, A: tf.Tensor, M: number, N: number, I: number): tf.Tensor {
  const [links, C] = [empty(2 * M), empty(I, N)];
  const data = () => parameterData(scatterParameters, { M, N, I });
  clear(C);
  run('links', linksKernel, data(), [ids, links], [Math.ceil(M / 64), 1, 1]);
  run('scatter', scatterKernel, data(), [ids, links, A, C], flatGroups(M, N));
  return C;
}
