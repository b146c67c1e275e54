import { writeTutorial } from '@gatewise/example-figures';
import { expect, it } from 'vitest';
import { tutorial } from './index.js';

it('context helps where a word has several tags, and more where it comes from both sides', async () => {
  const { scores, words } = await writeTutorial(tutorial);
  const [frequent, forward, both] = scores;
  expect(words.heldOut).toBeGreaterThan(10_000);
  expect(forward!.all).toBeGreaterThan(frequent!.all + 0.005);
  expect(both!.all).toBeGreaterThan(frequent!.all + 0.015);
  expect(forward!.several).toBeGreaterThan(frequent!.several + 0.02);
  expect(both!.several).toBeGreaterThan(forward!.several + 0.015);
  expect(both!.unseen).toBeGreaterThan(frequent!.unseen + 0.03);
  // no more weights than forward alone
  expect(both!.weights).toBeLessThan(forward!.weights);
});
