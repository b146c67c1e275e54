import type { Tutorial } from '@gatewise/example-figures';
import type { Figures } from './index.js';

export const charts: Tutorial<Figures>['charts'] = ({ reading }) => ({
  reading: {
    title: 'Messages of the later collection, told by their first words',
    data: {
      values: reading.map(({ right, ...point }) => ({ ...point, right: 100 * right })),
    },
    ...{ width: 380, height: 240, mark: { type: 'line', point: { size: 50 } } },
    encoding: {
      x: {
        ...{ field: 'words', type: 'quantitative', title: 'words read, at most' },
        ...{
          scale: { type: 'log' },
          axis: { values: [...new Set(reading.map(({ words }) => words))], format: 'd' },
        },
      },
      y: { field: 'right', type: 'quantitative', title: 'right, % of messages', scale: { zero: false } },
      color: { field: 'guess', sort: null, title: null },
      shape: { field: 'guess', sort: null, legend: null },
    },
  },
});
