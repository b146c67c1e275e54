import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { milestones, tutorial } from './index.js';

it('gives the same figures again, and leaks nothing', async () => {
  const first = await tutorial.run('short');
  const before = tf.memory().numTensors;
  expect(await tutorial.run('short')).toEqual(first);
  expect(tf.memory().numTensors).toBe(before);
  const [small, large, dropped] = first.models;
  expect(small!.weights).toBeLessThan(large!.weights / 10);
  expect(dropped!.weights).toBe(large!.weights);
  // dropout acts in training
  expect(dropped!.curve).not.toEqual(large!.curve);
  for (const { curve } of first.models) {
    expect(curve).toHaveLength(1);
    expect(curve[0]!.heldOut).toBeLessThan(Math.log2(first.characters.different));
  }
});

it('finds the best epoch and the last', () => {
  const curve = [3, 1, 2].map((heldOut, n) => ({ epoch: n + 1, training: 0, heldOut }));
  const { best, last } = milestones({ name: '', units: 1, dropout: false, weights: 1, curve });
  expect([best.epoch, last.epoch]).toEqual([2, 3]);
});
