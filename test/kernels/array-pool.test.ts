import { useBackend } from '@gatewise/backends';
import { lstm } from '@gatewise/cells';
import { pooledBytes, reusedArray } from '@gatewise/kernels';
import { recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { onBackend } from '../on-backend.js';

const N = 4096;
const fresh = (length: number) => new Float32Array(length);

onBackend('node', () => {
  beforeAll(() => useBackend('node'));

  it('uses arrays of disposed tensors again on node', () => {
    const values = reusedArray(N, fresh);
    const before = pooledBytes();
    tf.tensor1d(values).dispose();
    expect(pooledBytes()).toBe(before + 4 * N);
    expect(reusedArray(N, fresh)).toBe(values);
  });

  it('leaves an array to TensorFlow once an op has taken it, and to whoever read it', () => {
    const before = pooledBytes();
    const a = tf.tensor1d(reusedArray(N, fresh).fill(1));
    const same = tf.reshape(a, [2, N / 2]);
    const twice = tf.add(a, a);
    tf.dispose([a, twice]);
    const b = tf.tensor1d(reusedArray(N, fresh).fill(2));
    const read = b.dataSync();
    b.dispose();
    expect(pooledBytes()).toBe(before);
    tf.tensor1d(reusedArray(N, fresh).fill(3)).dispose();
    expect([same.dataSync()[0], read[0]]).toEqual([1, 2]);
    same.dispose();
  });

  it('gives the same gradients call after call, on arrays used again', () => {
    const [B, T, I, H] = [4, 20, 8, 32];
    const of = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 0.3, 'float32', seed);
    const inputs = [of([B, T, I], 1), of([I, 4 * H], 2), of([H, 4 * H], 3), of([4 * H], 4)];
    const grads = tf.grads((x, W, R, b) => recur(lstm, { x: x!, W: W!, R: R!, b: b! }).y);
    const once = () =>
      tf.tidy(() => grads(inputs).map((d) => Array.from(tf.mul(d as tf.Tensor, 1).dataSync())));
    const first = once();
    for (let k = 0; k < 3; k++) expect(once()).toEqual(first);
    tf.dispose(inputs);
  });
});
