import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type BackendName, backendNames, hasNativeAddon, useBackend } from './index.js';

const addon = hasNativeAddon();
const because = addon ? '' : ' (skipped: no addon, run npm run setup:tensorflow)';

/** A B and d(sum (A B)²)/dA = 2 (A B) Bᵀ, both with known values. */
async function check(): Promise<void> {
  const before = tf.memory().numTensors;
  const A = tf.tensor2d([1, 2, 3, 4], [2, 2]); // [2, 2]
  const B = tf.tensor2d([5, 6, 7, 8], [2, 2]); // [2, 2]
  const product = tf.matMul(A, B);
  const dA = tf.grad((x: tf.Tensor) => tf.sum(tf.square(tf.matMul(x as tf.Tensor2D, B))))(A);
  expect(Array.from(await product.data())).toEqual([19, 22, 43, 50]);
  expect(Array.from(await dA.data())).toEqual([454, 618, 1030, 1402]);
  tf.dispose([A, B, product, dA]);
  expect(tf.memory().numTensors).toBe(before);
}

describe('useBackend', () => {
  it('runs a product and a gradient on cpu', async () => {
    const info = await useBackend('cpu');
    const engine = expect.stringMatching(/^(native \(\w+, \d+ threads\)|wasm \((relaxed )?SIMD\))$/);
    expect(info).toEqual({
      name: 'cpu',
      tfName: 'cpu',
      version: '4.22.0',
      driver: 'plain JavaScript',
      engine,
      kernels: info.engine === 'ops' ? 'tfjs' : info.engine.split(' ')[0],
    });
    expect(tf.getBackend()).toBe('cpu');
    await check();
  });

  it('runs a product and a gradient on wasm', async () => {
    const info = await useBackend('wasm');
    expect(info).toMatchObject({ name: 'wasm', tfName: 'wasm', version: '4.22.0' });
    expect(info.driver).toMatch(/^WebAssembly with(out)? SIMD, 1 thread$/);
    expect(tf.getBackend()).toBe('wasm');
    await check();
  });

  it.skipIf(!addon)(`runs a product and a gradient on node${because}`, async () => {
    const info = await useBackend('node');
    expect(info).toMatchObject({ name: 'node', tfName: 'tensorflow', version: '4.22.0' });
    expect(info.driver).toMatch(/^TensorFlow 2\.\d+/);
    expect(tf.getBackend()).toBe('tensorflow');
    await check();
  });

  it.skipIf(!addon)(`switches at run time and takes tensors along${because}`, async () => {
    await useBackend('node');
    const x = tf.tensor1d([1, 2, 3]);
    for (const name of ['cpu', 'node', 'wasm', 'node', 'cpu'] as const) {
      expect((await useBackend(name)).name).toBe(name);
      const doubled = tf.mul(x, 2);
      expect(Array.from(await doubled.data())).toEqual([2, 4, 6]);
      doubled.dispose();
      await check();
    }
    x.dispose();
  });

  it('names every backend when it is given an unknown one', async () => {
    const failure = useBackend('cuda' as BackendName);
    await expect(failure).rejects.toMatchObject({ code: 'GW_BACKEND_UNKNOWN' });
    for (const name of [...backendNames, 'auto']) await expect(failure).rejects.toThrow(name);
    await expect(useBackend('toString' as BackendName)).rejects.toMatchObject({ code: 'GW_BACKEND_UNKNOWN' });
  });

  it('says in Node that webgl needs a page, and leaves the backend in use alone', async () => {
    await useBackend('cpu');
    const failure = useBackend('webgl');
    await expect(failure).rejects.toMatchObject({ code: 'GW_BACKEND_UNAVAILABLE' });
    await expect(failure).rejects.toThrow('browser page');
    expect(tf.getBackend()).toBe('cpu');
  });
});
