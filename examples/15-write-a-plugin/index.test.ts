import { useBackend } from '@gatewise/backends';
import { pluginSuite } from '@gatewise/testing';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { halving, type Point, rateFinder, tutorial } from './index.js';

const backend = () => useBackend('cpu');
const options = { from: 1e-4, to: 1e-2, steps: 30, found: () => {} };
pluginSuite({ describe, it }, () => rateFinder(options), { name: 'rate-finder', backend });
pluginSuite({ describe, it }, () => halving({ start: 0.1, every: 2 }), { name: 'halving', backend });

it.each([{ from: 0 }, { to: 1e-5 }, { steps: 1 }])('refuses %j', (change) => {
  expect(() => rateFinder({ ...options, ...change })).toThrow(/^GW_RATE_FINDER_OPTIONS: got from .* wanted/);
});

it('tries rates that rise by the same factor, ends by itself, the same again, and leaks nothing', async () => {
  const first = await tutorial.run('short');
  const factors = first.points.slice(1).map(({ rate }, n) => rate / (first.points[n] as Point).rate);
  expect(first.points.length).toBeLessThanOrEqual(12);
  expect(first.points.length).toBeGreaterThan(5);
  for (const factor of factors) expect(factor).toBeCloseTo((3 / 1e-5) ** (1 / 11), 6);
  const lowest = first.points.reduce((a, b) => (b.loss < a.loss ? b : a));
  expect(first.rate).toBe(lowest.rate / 10);
  const before = tf.memory().numTensors;
  expect(await tutorial.run('short')).toEqual(first);
  expect(tf.memory().numTensors).toBe(before);
});
