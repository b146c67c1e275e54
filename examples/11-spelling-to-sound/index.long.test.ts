import { writeTutorial } from '@gatewise/example-figures';
import { expect, it } from 'vitest';
import { tutorial } from './index.js';

it('attention beats the same model without, at as many weights and steps', async () => {
  const { runs, alignment } = await writeTutorial(tutorial);
  const { attention, 'no attention': without } = runs;
  expect(without.weights).toBeGreaterThanOrEqual(attention.weights);
  expect(without.steps).toBe(attention.steps);
  const rate = ({ curve }: typeof attention) => curve.at(-1)!.phonemeErrorRate;
  expect(rate(attention)).toBeLessThan(0.25);
  expect(rate(attention)).toBeLessThan(0.75 * rate(without));
  // a beam finds no worse than the likeliest symbol at every step
  expect(attention.beam5).toBeLessThan(rate(attention) + 0.01);
  // it reads from left to right: the letter looked at most goes forward with the sounds
  const places = new Map<string, { letter: number; weight: number }>();
  for (const { phoneme, letter, weight } of alignment) {
    if (weight > (places.get(phoneme)?.weight ?? 0))
      places.set(phoneme, { letter: Number.parseInt(letter, 10), weight });
  }
  const order = [...places.values()].map(({ letter }) => letter).slice(0, -1);
  expect(order.filter((letter, t) => letter < (order[t - 1] ?? 0)).length).toBeLessThanOrEqual(1);
});
