import { svgOf } from '@gatewise/example-figures';
import { expect, it } from 'vitest';

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
