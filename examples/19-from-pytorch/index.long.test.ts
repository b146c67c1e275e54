import { writeTutorial } from '@gatewise/example-figures';
import { expect, it } from 'vitest';
import { tutorial } from './index.js';

it('is PyTorch’s model, learns a new kind of text, and fits into a module', async () => {
  const { certificate, curves, book, modules } = await writeTutorial(tutorial);
  for (const { tensor, error, limit } of certificate) expect(error, tensor).toBeLessThan(limit);
  const [pytorch, nothing] = curves.map(({ points }) => points);
  expect(pytorch!.at(-1)!.bits).toBeLessThan(pytorch![0]!.bits - 0.3);
  expect(pytorch!.at(-1)!.bits).toBeLessThan(nothing!.at(-1)!.bits - 0.2);
  expect(book.after).toBeGreaterThan(book.before);
  const [f32, f16, int8] = modules;
  expect(f32!.difference).toBeLessThan(1e-6);
  expect(f16!.kilobytes).toBeLessThan(0.55 * f32!.kilobytes);
  expect(int8!.kilobytes).toBeLessThan(0.35 * f32!.kilobytes);
});
