import { random } from '@gatewise/core';
import { expect, it } from 'vitest';
import { scoredPart } from './corpus.js';
import { draw } from './sample.js';

/** How often each id is drawn in 20,000 draws. */
function shares(z: readonly number[], τ: number): number[] {
  const stream = random(1);
  const counts = z.map(() => 0);
  for (let i = 0; i < 20_000; i++) counts[draw(z, τ, stream)]! += 1 / 20_000;
  return counts;
}

it('draws from the softmax of the logits', () => {
  const z = [0, Math.log(2), Math.log(5)];
  for (const [id, p] of [1 / 8, 2 / 8, 5 / 8].entries()) expect(shares(z, 1)[id]).toBeCloseTo(p, 2);
  // at τ = ½ the odds are squared
  for (const [id, p] of [1 / 30, 4 / 30, 25 / 30].entries()) expect(shares(z, 0.5)[id]).toBeCloseTo(p, 2);
});

it('draws what is large beyond the range of exp', () => {
  expect(draw([1000, -1000, 999], 1e-3, random(1))).toBe(0);
});

it('scores whole windows only', () => {
  const ids = Int32Array.from({ length: 100 }, (_, i) => i);
  expect(scoredPart(ids, 1000, 2, 7)).toHaveLength(99);
  expect(scoredPart(ids, 50, 2, 7)).toHaveLength(43);
  expect(() => scoredPart(ids, 1000, 20, 7)).toThrow(/GW_DATA_TOO_SHORT/);
});
