import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { rungs, solved, strings, tutorial } from './index.js';

it('gives the same figures again, and leaks nothing', async () => {
  const first = await tutorial.run('short');
  const before = tf.memory().numTensors;
  expect(await tutorial.run('short')).toEqual(first);
  expect(tf.memory().numTensors).toBe(before);
  expect(first.cells.map(({ cell }) => cell)).toEqual(rungs.map(({ name }) => name));
  expect(first.cells.map(({ gates }) => gates)).toEqual([1, 1, 3, 4, 3]);
  for (const { parameters, units, gates } of first.cells) {
    expect(parameters).toBe(gates * units * (units + 3));
    expect(parameters).toBeLessThanOrEqual(first.budget);
    expect(gates * (units + 1) * (units + 4)).toBeGreaterThan(first.budget);
  }
});

it('holds out strings that are not among those of training', () => {
  const { training, heldOut } = strings(300, 40);
  expect(training).toHaveLength(300);
  expect(new Set(heldOut).size).toBe(40);
  expect(heldOut.filter((text) => training.includes(text))).toEqual([]);
});

it('counts what is solved: a run that broke is not', () => {
  expect(solved([[0.2, 0.001], [0.001, 0.2], null])).toBe(1);
});
