import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { largestDifference } from './assertions.js';
import { gradientCheck, leakCheck } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('gradientCheck', () => {
  const x = tf.tensor2d([0.3, -0.2, 0.8, 0.1, 0.5, -0.9], [2, 3]);
  const W = tf.tensor2d([0.1, 0.7, -0.4, 0.2, 0.6, -0.3], [3, 2]);
  const f = (x: tf.Tensor, W: tf.Tensor) =>
    tf.sum(tf.tanh(tf.matMul(x as tf.Tensor2D, W as tf.Tensor2D))) as tf.Scalar;

  it('passes a right gradient, and leaves no tensors', async () => {
    await leakCheck(() => gradientCheck(f as never, [x, W]));
  });

  it('fails a wrong one, naming the input', async () => {
    const wrong = tf.customGrad((v) => ({
      value: tf.square(v as tf.Tensor),
      gradFunc: (dy: tf.Tensor) => tf.mul(dy, v as tf.Tensor),
    }));
    const g = (x: tf.Tensor, W: tf.Tensor) => tf.add(f(x, tf.zeros([3, 2])), tf.sum(wrong(W))) as tf.Scalar;
    await expect(gradientCheck(g as never, [x, W])).rejects.toThrow(/gradient by input 1: slope/);
  });
});

describe('leakCheck', () => {
  it('passes what disposes, once it is warm', async () => {
    let made: tf.Tensor | undefined;
    await leakCheck(() => {
      made ??= tf.zeros([1]);
      tf.dispose(tf.add(made, 1));
    });
    made?.dispose();
  });

  it('fails what leaks, with the count', async () => {
    const kept: tf.Tensor[] = [];
    const leak = () => kept.push(tf.zeros([2]));
    await expect(leakCheck(leak)).rejects.toThrow(/after 1 steps got \d+ tensors and \d+ bytes, wanted/);
    tf.dispose(kept);
  });
});

describe('largestDifference', () => {
  it('takes NaN for equal to NaN alone, and ∞ to ∞', () => {
    expect(
      largestDifference(
        [Number.NaN, Number.POSITIVE_INFINITY, 1],
        [Number.NaN, Number.POSITIVE_INFINITY, 1.5],
      ),
    ).toBe(0.5);
    expect(largestDifference([Number.NaN], [1])).toBe(Number.POSITIVE_INFINITY);
    expect(largestDifference([1], [1, 2])).toBe(Number.POSITIVE_INFINITY);
  });
});
