import type { Tutorial } from '@gatewise/example-figures';
import type { Figures } from './index.js';

export const charts: Tutorial<Figures>['charts'] = ({ temperatures, between }) => ({
  temperatures: {
    title: 'Names written at a temperature',
    data: {
      values: temperatures.flatMap(({ temperature, fresh, real, accepted }) => [
        { temperature, share: 'of the kind asked for', percent: 100 * accepted },
        { temperature, share: 'new', percent: 100 * fresh },
        { temperature, share: 'of the new: real names', percent: 100 * real },
      ]),
    },
    ...{ width: 380, height: 240, mark: { type: 'line', point: { size: 50 } } },
    encoding: {
      x: { field: 'temperature', type: 'quantitative', title: 'temperature' },
      y: { field: 'percent', type: 'quantitative', title: 'share of names, %', scale: { domain: [0, 100] } },
      color: { field: 'share', sort: null, title: null },
      shape: { field: 'share', sort: null, legend: null },
    },
  },
  between: {
    title: 'Names that begin between two states',
    data: { values: between.map(({ at, female }) => ({ at, female: 100 * female })) },
    ...{ width: 380, height: 220, mark: { type: 'line', point: { size: 50 } } },
    encoding: {
      x: { field: 'at', type: 'quantitative', title: 'where the state begins: 0 male, 1 female' },
      y: {
        ...{ field: 'female', type: 'quantitative', title: 'taken for female, % of names' },
        scale: { domain: [0, 100] },
      },
    },
  },
});
