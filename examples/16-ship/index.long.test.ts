import { writeTutorial } from '@gatewise/example-figures';
import { expect, it } from 'vitest';
import { tutorial } from './index.js';

it('a model in int8 is a quarter of the size, and as good on text that it has not seen', async () => {
  const { models, script, standalone } = await writeTutorial(tutorial);
  const [f32, f16, int8] = models;
  expect(f32!.bits).toBeLessThan(2.8);
  expect(f16!.bits - f32!.bits).toBeLessThan(0.001);
  expect(int8!.bits - f32!.bits).toBeLessThan(0.02);
  expect(f16!.bytes).toBeLessThan(0.52 * f32!.bytes);
  expect(int8!.bytes).toBeLessThan(0.28 * f32!.bytes);
  expect(script.gatewise).toBeLessThan(script.tensorflow);
  expect(standalone).toBeLessThan(0.6 * (script.packedBytes + int8!.packedBytes));
});
