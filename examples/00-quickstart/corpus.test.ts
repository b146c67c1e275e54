import { expect, it } from 'vitest';
import { scoredPart } from './corpus.js';

it('scores whole windows only', () => {
  const ids = Int32Array.from({ length: 100 }, (_, i) => i);
  expect(scoredPart(ids, 1000, 2, 7)).toHaveLength(99);
  expect(scoredPart(ids, 50, 2, 7)).toHaveLength(43);
  expect(() => scoredPart(ids, 1000, 20, 7)).toThrow(/GW_DATA_TOO_SHORT/);
});
