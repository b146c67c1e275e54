import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { useBackend } from './index.js';

beforeAll(() => useBackend('wasm'));
afterAll(() => useBackend('cpu'));

const numbers = (...shape: number[]) =>
  tf.tensor(
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i)),
    shape,
  );

it.each([
  [false, true],
  [true, false],
  [true, true],
])('wasm multiplies with transposeA %s, transposeB %s as without, and leaks nothing', async (tA, tB) => {
  for (const batch of [[], [1], [3]]) {
    const before = tf.memory();
    const a = numbers(...batch, ...(tA ? [5, 1] : [1, 5]));
    const b = numbers(...batch, ...(tB ? [7, 5] : [5, 7]));
    const turn = (x: tf.Tensor) => tf.transpose(x, [...batch.keys(), batch.length + 1, batch.length]);
    const [got, want] = tf.tidy(() => [
      tf.matMul(a, b, tA, tB),
      tf.matMul(tA ? turn(a) : a, tB ? turn(b) : b),
    ]) as [tf.Tensor, tf.Tensor];
    expect(got.shape).toEqual(want.shape);
    const [p, q] = [await got.data(), await want.data()];
    p.forEach((v, i) => {
      expect(v).toBeCloseTo(q[i]!, 5);
    });
    tf.dispose([a, b, got, want]);
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
    expect(tf.memory().numBytes).toBe(before.numBytes);
  }
});
