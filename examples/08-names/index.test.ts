import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { byEnding, type Figures, readNames, tutorial } from './index.js';

let first: Figures;
beforeAll(async () => {
  first = await tutorial.run('short');
});

it('gives the same figures again, and leaks nothing', async () => {
  const before = tf.memory().numTensors;
  expect(await tutorial.run('short')).toEqual(first);
  expect(tf.memory().numTensors).toBe(before);
});

it('reads every name letter by letter', () => {
  for (const { name, female } of first.reading) {
    expect(female).toHaveLength(name.length);
    for (const p of female) expect(p).toBeGreaterThan(0);
    for (const p of female) expect(p).toBeLessThan(1);
  }
});

it('learns something in the short run already', () => {
  expect(first.curve.at(-1)!.heldOut).toBeGreaterThan(first.majority + 0.05);
});

describe('the names', () => {
  const { names, inBoth } = readNames(1);
  it('stand once, of one kind, and none of them in both lists', () => {
    const all = [...names.map(({ name }) => name), ...inBoth];
    expect(new Set(all).size).toBe(all.length);
    expect(inBoth).toContain('robin');
    expect(names).toContainEqual({ name: 'mary', kind: 1 });
  });
  it('have an order by seed', () => {
    expect(readNames(1).names).toEqual(names);
    expect(readNames(2).names).not.toEqual(names);
  });
});

it('guesses by the longest ending that has a majority', () => {
  const guess = byEnding(
    [
      { name: 'anna', kind: 1 },
      { name: 'joshua', kind: 0 },
      { name: 'noah', kind: 0 },
      { name: 'lena', kind: 1 },
    ],
    2,
  );
  expect(['ina', 'lua', 'mia', 'sarah'].map(guess)).toEqual([1, 0, 1, 0]);
  expect(guess('bob')).toBe(0);
});
