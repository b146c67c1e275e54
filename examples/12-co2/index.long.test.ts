import { writeTutorial } from '@gatewise/example-figures';
import { expect, it } from 'vitest';
import { readMonths, tutorial } from './index.js';

it('beats both rules for the next month, but not the one with the rise a year ahead', async () => {
  const { errors, difference, tensors, months } = await writeTutorial(tutorial);
  const [naive, rise, network] = errors.map(({ ppm }) => ppm) as [number[], number[], number[]];
  expect(months.heldOut).toBeGreaterThan(240);
  expect(network[0]).toBeLessThan(0.85 * rise[0]!);
  for (const [k, error] of network.entries()) expect(error).toBeLessThan(0.6 * naive[k]!);
  expect(network[11]).toBeGreaterThan(rise[11]!);
  expect(difference).toBeLessThan(1e-5);
  expect(tensors).toBe(1);
});

it('CO₂ rose faster in the held-out years', () => {
  const at = (month: string) => readMonths().find((one) => one.month === month)!.ppm;
  expect((at('1999-12') - at('1964-12')) / 35).toBeCloseTo(1.4, 0);
  expect((at('1999-12') - at('1964-12')) / 35).toBeLessThan(1.6);
  expect((at('2019-12') - at('1999-12')) / 20).toBeGreaterThan(2);
});
