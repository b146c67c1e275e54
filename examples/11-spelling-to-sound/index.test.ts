import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { distance, phonemeErrorRate, tutorial, words } from './index.js';

it('words are split by a seed, and no word is in both parts', () => {
  const { training, heldOut, names } = words(1, 500, 100);
  expect(names).toHaveLength(39);
  expect([training.length, heldOut.length]).toEqual([500, 100]);
  const known = new Set(training.map(({ spelling }) => spelling));
  expect(heldOut.filter(({ spelling }) => known.has(spelling))).toEqual([]);
  expect(words(2, 500, 100).heldOut).not.toEqual(heldOut);
});

it('distance counts the fewest changes', () => {
  expect(distance([1, 2, 3], [1, 2, 3])).toBe(0);
  expect(distance([1, 2, 3], [])).toBe(3);
  expect(distance([11, 9, 20, 20, 5, 14], [19, 9, 20, 20, 9, 14, 7])).toBe(3);
  expect(phonemeErrorRate([[1, 2], [3]], [[1], [4]])).toBe(1);
});

it('trains both models, the same again; attention sums up to 1; nothing leaks', async () => {
  const first = await tutorial.run('short');
  const before = tf.memory().numTensors;
  expect(await tutorial.run('short')).toEqual(first);
  expect(tf.memory().numTensors).toBe(before);
  expect(first.runs.attention.steps).toBe(first.runs['no attention'].steps);
  const steps = new Map<string, number>();
  for (const { phoneme, weight } of first.alignment) steps.set(phoneme, (steps.get(phoneme) ?? 0) + weight);
  expect(steps.size).toBeGreaterThan(0);
  for (const sum of steps.values()) expect(sum).toBeCloseTo(1, 5);
});
