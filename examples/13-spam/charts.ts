import type { Tutorial } from '@gatewise/example-figures';
import type { Figures } from './index.js';

export const charts: Tutorial<Figures>['charts'] = ({ reading }) => ({
  reading: {
    title: 'Messages of the later collection, told by their first words',
    data: {
      values: reading.flatMap(({ words, counts, network }) => [
        { words, guess: 'counting words', right: 100 * counts },
        { words, guess: 'the network', right: 100 * network },
      ]),
    },
    ...{ width: 380, height: 240, mark: { type: 'line', point: { size: 50 } } },
    encoding: {
      x: {
        ...{ field: 'words', type: 'quantitative', title: 'words read, at most' },
        ...{ scale: { type: 'log' }, axis: { values: reading.map(({ words }) => words), format: 'd' } },
      },
      y: { field: 'right', type: 'quantitative', title: 'right, % of messages', scale: { zero: false } },
      color: { field: 'guess', sort: null, title: null },
      shape: { field: 'guess', sort: null, legend: null },
    },
  },
});
