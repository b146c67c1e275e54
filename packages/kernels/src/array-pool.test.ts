import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { peek, pooledBytes, reusedArray, startReuse, stopReuse } from './array-pool.js';

const N = 4096;
const fresh = (length: number) => new Float32Array(length);
const made = (fill: number, length = N) => tf.tensor1d(reusedArray(length, fresh).fill(fill));

beforeEach(async () => {
  await tf.setBackend('cpu');
  startReuse();
});
afterEach(stopReuse);

describe('arrays of disposed tensors', () => {
  it('serve the next of their length', () => {
    const a = made(1);
    const values = peek(a);
    a.dispose();
    expect(pooledBytes()).toBe(4 * N);
    expect(reusedArray(N + 1, fresh)).not.toBe(values);
    expect(reusedArray(N, fresh)).toBe(values);
    expect(pooledBytes()).toBe(0);
  });

  it('belong to whoever read them', async () => {
    const a = made(1);
    const b = made(2);
    const read = [a.dataSync(), await b.data()];
    tf.dispose([a, b]);
    const others = [made(3), made(4)];
    expect(read.map((values) => values[0])).toEqual([1, 2]);
    tf.dispose(others);
  });

  it.each<[string, (a: tf.Tensor1D) => tf.Tensor]>([
    ['a clone', (a) => tf.clone(a)],
    ['another shape', (a) => tf.reshape(a, [2, N / 2])],
    ['a slice', (a) => tf.slice(a, [7], [5])],
    ['a complex number', (a) => tf.complex(a, a)],
  ])('wait for %s of the tensor', (_, share) => {
    const a = made(1);
    const sharing = share(a);
    a.dispose();
    expect(pooledBytes()).toBe(0);
    sharing.dispose();
    expect(pooledBytes()).toBe(4 * N);
  });

  it('are not kept where they are small, or nobody follows the backend', () => {
    made(1, 16).dispose();
    stopReuse();
    made(1).dispose();
    expect(pooledBytes()).toBe(0);
  });

  it('stay within a bound', () => {
    const length = 2 ** 23;
    for (const t of Array.from({ length: 6 }, () => tf.tensor1d(reusedArray(length, fresh)))) t.dispose();
    const held = Array.from({ length: 6 }, () => tf.tensor1d(reusedArray(length, fresh)));
    tf.dispose(held);
    expect(pooledBytes()).toBe(128 * 2 ** 20);
  });
});
