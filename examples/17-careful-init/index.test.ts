import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { solved, starts, tutorial } from './index.js';

it('gives the same figures again, and leaks nothing', async () => {
  const first = await tutorial.run('short');
  const before = tf.memory().numTensors;
  expect(await tutorial.run('short')).toEqual(first);
  expect(tf.memory().numTensors).toBe(before);
  expect(first.starts.map(({ start }) => start)).toEqual(starts.map(({ name }) => name));
  const after60 = Object.fromEntries(first.starts.map(({ start, norms }) => [start, norms.at(-1)!]));
  // R = I with ReLU hands the state on as it is
  expect(after60['ReLU, R = I: IRNN']).toBeCloseTo(1, 3);
  expect(after60['tanh, random R']).toBeLessThan(0.1);
});

it('counts what is solved, by length and by rate', () => {
  const run = (T: number, rate: number, heldOut: number | null) => ({ T, rate, seed: 1, heldOut });
  const runs = [run(20, 1, 0.001), run(20, 2, 0.005), run(60, 1, 0.001), run(20, 1, null), run(20, 1, 0.1)];
  expect([solved(runs, 20), solved(runs, 20, 1), solved(runs, 60, 2)]).toEqual([2, 1, 0]);
});
