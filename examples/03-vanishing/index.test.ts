import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { spectralRadius, tutorial, withRadius } from './index.js';

const { curves } = await tutorial.run('full');
const of = (input: string, radius: number) =>
  curves.find((c) => c.input.startsWith(input) && c.radius === radius)!;

describe('without input, the radius decides', () => {
  it.each([0.8, 1, 1.25])('radius %d is the factor per step', (radius) => {
    expect(of('no', radius).perStep).toBeCloseTo(radius, 1);
  });
  it('below 1 the gradient vanishes, at 1 it stays, above 1 it explodes', () => {
    expect(of('no', 0.8).norms.at(-1)).toBeLessThan(1e-4);
    expect(of('no', 1).norms.at(-1)).toBeGreaterThan(0.5);
    expect(of('no', 1).norms.at(-1)).toBeLessThan(5);
    expect(of('no', 1.25).norms.at(-1)).toBeGreaterThan(1e4);
  });
});

it('with inputs it vanishes at every one of these radii, and faster than without', () => {
  for (const radius of [0.8, 1, 1.25]) {
    const { norms, perStep } = of('inputs', radius);
    expect(norms.at(-1)).toBeLessThan(1e-4);
    expect(perStep).toBeLessThan(radius);
  }
});

it('scales a matrix to a radius, and leaks nothing', async () => {
  expect(spectralRadius(withRadius(7, 1.5, 1))).toBeCloseTo(1.5, 10);
  const before = tf.memory().numTensors;
  await tutorial.run('full');
  expect(tf.memory().numTensors).toBe(before);
});
