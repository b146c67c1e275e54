import { writeTutorial } from '@gatewise/example-figures';
import { expect, it } from 'vitest';
import { tutorial } from './index.js';

it('the table holds for forced gates; a trained network mostly adds, and has learnt to hold some things for long', async () => {
  const { forced, model, followers, halfLives, moves } = await writeTutorial(tutorial);
  for (const [n, c] of [0.6, 0.9, 0, 0.3].entries()) expect(forced[n]!.c).toBeCloseTo(c, 5);
  expect(model.bits).toBeLessThan(model.bigram - 0.3);
  const share = (i: number, f: number) => forced.find((row) => row.i === i && row.f === f)!.share;
  expect(share(1, 1)).toBeGreaterThan(0.4);
  for (const other of [share(0, 1), share(0, 0), share(1, 0)]) expect(other).toBeLessThan(0.05);
  expect(forced.reduce((sum, row) => sum + row.share, 0)).toBeLessThan(0.8);
  expect(halfLives.untrained.at(-1)!).toBeLessThan(3);
  expect(halfLives.trained.at(-1)!).toBeGreaterThan(24);
  expect(halfLives.trained[0]!).toBeLessThan(1);
  expect(moves.o).toBeGreaterThan(Math.max(moves.i, moves.f));
  const heldOut = (feature: string, trained: boolean) =>
    Math.abs(followers.find((one) => one.feature === feature && one.trained === trained)!.heldOut);
  // a "space unit" is there before training
  expect(heldOut('a space was read', false)).toBeGreaterThan(0.9 * heldOut('a space was read', true));
  const letters = 'letters since the last space';
  expect(heldOut(letters, true)).toBeGreaterThan(heldOut(letters, false));
});
