import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { backward, error, makeTask, tutorial } from './index.js';

it('has the same gradients four ways, and leaks nothing', async () => {
  await tutorial.run('full');
  const before = tf.memory().numTensors;
  const { gradients } = await tutorial.run('full');
  expect(tf.memory().numTensors).toBe(before);
  expect(gradients.map(({ name }) => name)).toEqual(['W', 'R', 'b', 'V']);
  for (const { name, largest, library, autodiff, differences } of gradients) {
    expect(largest, name).toBeGreaterThan(0.1);
    expect(library / largest, name).toBeLessThan(1e-5);
    expect(autodiff / largest, name).toBeLessThan(1e-5);
    expect(differences / largest, name).toBeLessThan(1e-7);
  }
});

it('has a last error to which early steps add far less than late ones, and the parts sum up to the gradient', async () => {
  const { contributions } = await tutorial.run('full');
  const late = contributions.at(-1)!.norm;
  expect(contributions).toHaveLength(12);
  expect(contributions[1]!.norm).toBeLessThan(late / 10);
  expect(contributions[0]!.norm).toBe(0); // h_0 is zero

  const parts: number[][][] = [];
  const whole = backward(makeTask(5), (_, dR) => parts.push(dR)).R;
  whole.forEach((row, i) => {
    row.forEach((v, j) => {
      expect(parts.reduce((sum, part) => sum + part[i]![j]!, 0)).toBeCloseTo(v, 12);
    });
  });
});

it('points uphill: a small step against it lowers the error', () => {
  const task = makeTask(12);
  const { W, R, b, V } = backward(task);
  const down = (w: number[][], d: number[][]) => w.map((row, i) => row.map((v, j) => v - 0.01 * d[i]![j]!));
  const { weights } = task;
  const moved = {
    W: down(weights.W, W),
    R: down(weights.R, R),
    b: down([weights.b], b)[0]!,
    V: down(weights.V, V),
  };
  expect(error({ ...task, weights: moved })).toBeLessThan(error(task));
});
