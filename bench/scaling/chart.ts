import type { TopLevelSpec } from 'vega-lite';
import { svgOf } from '../svg.js';
import type { Report } from './report.js';

/** Predicted efficiency by ranks: a panel for each network, a line for each size. */
export function drawScaling({ predicted }: Report): Promise<string> {
  const spec: TopLevelSpec = {
    title: { text: 'Predicted efficiency, from the step measured on one rank', anchor: 'start' },
    data: { values: [...predicted] },
    facet: { field: 'network', title: null },
    spec: {
      width: 300,
      height: 180,
      mark: { type: 'line', point: true },
      encoding: {
        x: { field: 'ranks', type: 'quantitative', scale: { type: 'log', base: 2 }, title: 'ranks' },
        y: {
          field: 'efficiency',
          type: 'quantitative',
          axis: { format: '%' },
          title: null,
          scale: { domain: [0, 1] },
        },
        color: {
          field: 'size',
          type: 'nominal',
          title: 'size',
          sort: ['S', 'L', 'XL'],
          scale: { range: ['#0072b2', '#d55e00', '#009e73'] },
        },
      },
    },
  };
  return svgOf(spec);
}
