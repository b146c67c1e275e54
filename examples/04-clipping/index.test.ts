import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { cliff } from './cliff.js';
import { descend, tutorial } from './index.js';

it('gives the same figures again, and leaks nothing', async () => {
  const first = await tutorial.run('short');
  const before = tf.memory().numTensors;
  expect(await tutorial.run('short')).toEqual(first);
  expect(tf.memory().numTensors).toBe(before);
  expect(first.descents).toHaveLength(8);
  expect(first.networks).toHaveLength(6);
  for (const { clipping, thrownOut } of first.descents) if (clipping === 'to 1') expect(thrownOut).toBe(0);
});

it('has the gradient that finite differences have', () => {
  const ε = 1e-6;
  for (const [w, b] of [
    [5, -2.7],
    [6, -3.1],
    [4, -1],
  ] as const) {
    const { dw, db } = cliff(w, b);
    const byW = (cliff(w + ε, b).E - cliff(w - ε, b).E) / (2 * ε);
    const byB = (cliff(w, b + ε).E - cliff(w, b - ε).E) / (2 * ε);
    expect(Math.abs(dw - byW)).toBeLessThan(1e-4 * Math.max(1, Math.abs(byW)));
    expect(Math.abs(db - byB)).toBeLessThan(1e-4 * Math.max(1, Math.abs(byB)));
  }
});

it('clips to v and keeps the direction: no step is longer than rate · v', () => {
  const path = descend([5, -3], 0.1, 500, 1);
  const lengths = path.slice(1).map(([w, b], n) => Math.hypot(w - path[n]![0], b - path[n]![1]));
  expect(Math.max(...lengths)).toBeLessThan(0.1 + 1e-12);
  expect(Math.max(...lengths)).toBeGreaterThan(0.0999);
  const [[w0, b0], [w1, b1]] = [path[0]!, path[1]!];
  const { dw, db } = cliff(w0, b0);
  expect((w1 - w0) * db).toBeCloseTo((b1 - b0) * dw, 12);
});
