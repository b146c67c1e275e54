import { writeTutorial } from '@gatewise/example-figures';
import { expect, it } from 'vitest';
import { tutorial } from './index.js';

it('writes new names of the kind asked for, whether told by the first input or by the first state', async () => {
  const { ways, bigram, judge, temperatures, between, samples } = await writeTutorial(tutorial);
  const [nothing, input, state] = ways.map(({ bits }) => bits) as [number, number, number];
  expect(nothing).toBeLessThan(bigram - 0.2);
  expect(input).toBeLessThan(nothing - 0.03);
  expect(state).toBeLessThan(nothing - 0.03);
  expect(Math.abs(input - state)).toBeLessThan(0.05);
  expect(ways[0]!.accepted).toBeCloseTo(0.5, 1);
  for (const { accepted } of ways.slice(1)) expect(accepted).toBeGreaterThan(0.75);
  expect(judge).toBeGreaterThan(0.78);

  const [cold, hot] = [temperatures[0]!, temperatures.at(-1)!];
  expect(hot.fresh).toBeGreaterThan(cold.fresh);
  expect(hot.real).toBeLessThan(cold.real);
  expect(hot.accepted).toBeLessThan(cold.accepted);

  for (const [n, { female }] of between.entries()) {
    if (n > 0) expect(female).toBeGreaterThan(between[n - 1]!.female);
  }
  for (const { real } of samples) expect(real.length).toBeGreaterThan(0);
});
