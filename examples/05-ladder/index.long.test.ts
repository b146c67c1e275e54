import { writeTutorial } from '@gatewise/example-figures';
import { expect, it } from 'vitest';
import { KNOWS_NOTHING, mean, SOLVED, solved, tutorial } from './index.js';

it('gates solve sums, and for the same weights the vanilla cell is best at the grammar', async () => {
  const { cells, seeds } = await writeTutorial(tutorial);
  const [vanilla, additive, original, lstm, gru] = cells.map(({ adding, reber, ...size }) => ({
    ...{ ...size, solved: solved(adding), last: adding.map((curve) => curve!.at(-1)!) },
    remembered: mean(reber.map((r) => r.remembered)),
    legal: mean(reber.map(({ legal }) => legal)),
    loss: mean(reber.map(({ curve }) => curve!.at(-1)!)),
  }));
  // sums
  for (const cell of [vanilla!, additive!]) {
    expect(cell.solved).toBe(0);
    for (const loss of cell.last) expect(loss).toBeGreaterThan(0.9 * KNOWS_NOTHING);
  }
  expect(original!.solved).toBeGreaterThan(0);
  expect(original!.solved).toBeLessThan(seeds);
  expect([lstm!.solved, gru!.solved]).toEqual([seeds, seeds]);
  expect(SOLVED).toBeLessThan(KNOWS_NOTHING / 16);
  // the grammar
  for (const cell of [vanilla!, additive!, original!, lstm!, gru!]) expect(cell.legal).toBeGreaterThan(0.95);
  expect(vanilla!.remembered).toBeGreaterThan(0.99);
  expect(additive!.remembered).toBeGreaterThan(0.75);
  expect(Math.abs(lstm!.remembered - 0.5)).toBeLessThan(0.1);
  expect(gru!.remembered).toBeGreaterThan(lstm!.remembered);
  for (const cell of [additive!, original!, lstm!, gru!]) expect(vanilla!.loss).toBeLessThan(cell.loss);
  for (const cell of [vanilla!, original!, lstm!, gru!]) expect(additive!.loss).toBeGreaterThan(cell.loss);
});
