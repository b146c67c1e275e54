import { svgOf } from '@gatewise/example-figures';
import { expect, it } from 'vitest';
import { distance, phonemeErrorRate, words } from './cmudict.js';

it('words are split by a seed, and no word is in both parts', () => {
  const { training, heldOut, names } = words(1, 500, 100);
  expect(names).toHaveLength(39);
  expect([training.length, heldOut.length]).toEqual([500, 100]);
  const known = new Set(training.map(({ spelling }) => spelling));
  expect(heldOut.filter(({ spelling }) => known.has(spelling))).toEqual([]);
  expect(words(1, 500, 100).heldOut).toEqual(heldOut);
  expect(words(2, 500, 100).heldOut).not.toEqual(heldOut);
});

it('distance counts the fewest changes', () => {
  expect(distance([1, 2, 3], [1, 2, 3])).toBe(0);
  expect(distance([1, 2, 3], [])).toBe(3);
  expect(distance([11, 9, 20, 20, 5, 14], [19, 9, 20, 20, 9, 14, 7])).toBe(3);
  expect(phonemeErrorRate([[1, 2], [3]], [[1], [4]])).toBe(1);
});

it('a figure is an SVG with its marks and its titles', async () => {
  const svg = await svgOf({
    ...{
      title: 'Loss',
      data: {
        values: [
          { t: 0, v: 1 },
          { t: 1, v: 3 },
        ],
      },
      mark: 'line',
    },
    encoding: { x: { field: 't', type: 'quantitative' }, y: { field: 'v', type: 'quantitative' } },
  });
  expect(svg).toMatch(/^<svg /);
  expect(svg).toContain('>Loss</text>');
  expect(svg).toContain('#0072b2');
});
