import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { example, step, tutorial, unroll } from './index.js';

it('gives the same numbers by hand and through the library, in every shape, and leaks nothing', async () => {
  await tutorial.run('full');
  const before = tf.memory().numTensors;
  const { shapes } = await tutorial.run('full');
  expect(tf.memory().numTensors).toBe(before);
  expect(shapes.map(({ writes }) => writes)).toEqual([1, 4, 1, 3, 4, 1, 4]);
  for (const { shape, difference } of shapes) expect(difference, shape).toBeLessThan(1e-6);
});

it('shares its weights over time: a state depends on its own past only', () => {
  const { xs, weights } = example(4, 2, 3);
  const h0 = [0, 0, 0];
  const states = unroll(xs, h0, weights);
  expect(states[1]).toEqual(step(xs[1]!, step(xs[0]!, h0, weights), weights));
  const changed = unroll([...xs.slice(0, 3), [9, 9]], h0, weights);
  expect(changed.slice(0, 3)).toEqual(states.slice(0, 3));
  expect(changed[3]).not.toEqual(states[3]);
});
