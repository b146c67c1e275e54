import { writeTutorial } from '@gatewise/example-figures';
import { expect, it } from 'vitest';
import { tutorial } from './index.js';

it('the rate found is better than ten times more or less, and much better than a hundred times', async () => {
  const { points, trained } = await writeTutorial(tutorial);
  const bits = (factor: number) => trained.find((one) => one.factor === factor)!.bits;
  expect(points.at(-1)!.loss).toBeGreaterThan(1.5 * Math.min(...points.map(({ loss }) => loss)));
  for (const factor of [1 / 10, 10]) expect(bits(1)).toBeLessThan(bits(factor));
  for (const factor of [1 / 100, 100]) expect(bits(1)).toBeLessThan(bits(factor) - 0.5);
});
