import type { Random } from '@gatewise/core';
import { installKernels, removeKernels } from '@gatewise/kernels';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';

type Many = readonly tf.Tensor[];

/** Runs ops with our kernels and with tf.js' own: values agree to 1e-5 of the largest, and what is not finite agrees. */
export function expectSame(run: () => Many): void {
  const before = tf.memory();
  const ours = tf.tidy(() => [...run()]);
  removeKernels();
  const theirs = tf.tidy(() => [...run()]);
  installKernels();
  expect(ours).toHaveLength(theirs.length);
  theirs.forEach((t, i) => {
    expectClose(ours[i] as tf.Tensor, t);
  });
  tf.dispose([ours, theirs]);
  expect(tf.memory().numTensors).toBe(before.numTensors);
  expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
}

function expectClose(got: tf.Tensor, wanted: tf.Tensor): void {
  expect(got.shape).toEqual(wanted.shape);
  expect(got.dtype).toBe(wanted.dtype);
  const [g, w] = [got, wanted].map((t) => t.dataSync<'float32'>()) as [Float32Array, Float32Array];
  const most = w.reduce((m, v) => (Number.isFinite(v) ? Math.max(m, Math.abs(v)) : m), 1);
  const bad = w.findIndex((v, i) => {
    const mine = g[i] as number;
    return Number.isFinite(v) ? !(Math.abs(mine - v) <= 1e-5 * most) : !Object.is(mine, v);
  });
  expect(bad < 0 ? '' : `[${wanted.shape}] at ${bad}: got ${g[bad]}, wanted ${w[bad]}`).toBe('');
}

const edges = [1, 1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 97, 130, 257];
/** A size, likely one beside the width of a vector or of a panel. */
export const size = (r: Random): number => edges[r.int(edges.length)] as number;

/** Numbers in (−1, 1); with `odd`, now and then one that is not finite. */
export function numbers(r: Random, shape: number[], odd = false): tf.Tensor {
  const one = () =>
    odd && r.int(50) === 0 ? [Number.NaN, Infinity, -Infinity][r.int(3)] : 2 * r.uniform() - 1;
  const n = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(Float32Array.from({ length: n }, one as () => number), shape, 'float32');
}

export const ids = (r: Random, shape: number[], below: number): tf.Tensor =>
  tf.tensor(
    Int32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => r.int(below)),
    shape,
    'int32',
  );
