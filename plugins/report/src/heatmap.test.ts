import { expect, it } from 'vitest';
import { type Heatmap, heatmap } from './heatmap.js';

const map = (values: readonly (readonly number[])[]): Heatmap => ({
  ...{
    id: 'map',
    title: 'A <map>',
    note: 'Seen.',
    x: 'step',
    value: 'v',
    y: 't',
    columns: values.map((_, i) => 100 * i),
  },
  values,
});
/** Cells by shade, as drawn. */
const cells = (markup: string) =>
  [...markup.matchAll(/<path class="heat" fill-opacity="([\d.]+)" d="([^"]+)"/g)].map(
    ([, shade, d]) => [Number(shade), (d as string).split('M').length - 1] as const,
  );

it('shades by powers of ten, darker for larger, pale for what is decades below', () => {
  const { markup } = heatmap(
    map([
      [1e-20, 1e-4],
      [1e-2, 1],
    ]),
  );
  expect(cells(markup)).toEqual([
    [0.06, 1],
    [0.58, 1],
    [0.79, 1],
    [1, 1],
  ]);
  expect(markup).toContain('A &lt;map&gt;');
  expect(markup).toContain(
    'At step 0: 10⁻²⁰ at the first, 10⁻⁴ at the last. At 100: 0.01 at the first, 1 at the last.',
  );
});

it('stays small: neighbours are drawn as one', () => {
  const { markup } = heatmap(
    map(Array.from({ length: 64 }, () => Array.from({ length: 500 }, (_, t) => 1 + t))),
  );
  const count = cells(markup).reduce((sum, [, n]) => sum + n, 0);
  expect(count).toBeLessThanOrEqual(40 * 40);
  expect(markup.length).toBeLessThan(80_000);
});

it('draws one value all over, leaves holes, and says where there is nothing', () => {
  expect(cells(heatmap(map([[2, 2]])).markup)).toEqual([[1, 2]]);
  expect(cells(heatmap(map([[0, 2]])).markup)).toEqual([[1, 1]]);
  expect(heatmap(map([[Number.NaN]])).markup).toContain('Nothing was recorded.');
});
