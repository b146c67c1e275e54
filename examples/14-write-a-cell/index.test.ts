import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { mgu, prove, tutorial } from './index.js';

prove({ describe, it }, mgu);

it('is proven in the tutorial too, where a slip is noticed; it trains, the same again, and leaks nothing', async () => {
  const first = await tutorial.run('short');
  const { proof, runs } = first;
  expect(proof.passed).toBe(proof.checks);
  expect(proof.said.length).toBeGreaterThan(2);
  expect(proof.said.map(({ message }) => message).join()).toMatch(/backward, .*gates\.f/);
  for (const { points } of runs) expect(points.at(-1)!.bits).toBeLessThan(points[0]!.bits);
  const before = tf.memory().numTensors;
  expect(await tutorial.run('short')).toEqual(first);
  expect(tf.memory().numTensors).toBe(before);
});
