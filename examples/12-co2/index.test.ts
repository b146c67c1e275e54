import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { changes, readMonths, rules, tutorial } from './index.js';

it('streams what the whole sequence gives, twice the same, and leaks nothing', async () => {
  const first = await tutorial.run('short');
  const before = tf.memory().numTensors;
  expect(await tutorial.run('short')).toEqual(first);
  expect(tf.memory().numTensors).toBe(before);
  expect(first.difference).toBeLessThan(1e-5);
  expect(first.tensors).toBe(1);
  expect(first.errors).toHaveLength(3);
  for (const { ppm } of first.errors) {
    expect(ppm).toHaveLength(12);
    for (const error of ppm) expect(error).toBeGreaterThan(0);
  }
});

describe('the months', () => {
  const months = readMonths();
  it('have no gap', () => {
    const numbers = months.map(({ month }) => Number(month.slice(0, 4)) * 12 + Number(month.slice(5)));
    for (const [n, month] of numbers.entries()) expect(month - numbers[0]!).toBe(n);
    for (const { ppm } of months) expect(ppm).toBeGreaterThan(300);
  });
  it('change by little, and add up again', () => {
    const ppm = months.map((one) => one.ppm);
    const x = changes(ppm);
    expect(x[0]).toBe(0);
    expect(Math.max(...x.map(Math.abs))).toBeLessThan(3.5);
    expect(x.reduce((a, b) => a + b, ppm[0]!)).toBeCloseTo(ppm.at(-1)!, 6);
  });
});

it('rules look back only', () => {
  // rises by 2 a year, and by 1 each July
  const ppm = Array.from({ length: 40 }, (_, t) => 300 + t / 6 + Number(t % 12 === 6));
  const [naive, rise] = Object.values(rules);
  for (const ahead of [1, 7, 12]) {
    const t = 20;
    expect(naive!(ppm.slice(0, t + 1), t, ahead)).toBeCloseTo(ppm[t + ahead]! - 2, 9);
    expect(rise!(ppm.slice(0, t + 1), t, ahead)).toBeCloseTo(ppm[t + ahead]!, 9);
  }
});
