import type { Tutorial } from '@gatewise/example-figures';
import type { Figures } from './index.js';

export const charts: Tutorial<Figures>['charts'] = ({ errors, recent }) => ({
  errors: {
    title: 'Mean error over the held-out years',
    data: {
      values: errors.flatMap(({ rule, ppm }) => ppm.map((error, k) => ({ rule, ahead: k + 1, error }))),
    },
    ...{ width: 380, height: 240, mark: { type: 'line', point: { size: 40 } } },
    encoding: {
      x: { field: 'ahead', type: 'quantitative', title: 'months ahead', axis: { values: [1, 3, 6, 9, 12] } },
      y: { field: 'error', type: 'quantitative', title: 'mean error, ppm' },
      color: { field: 'rule', sort: null, title: 'forecast' },
      shape: { field: 'rule', sort: null, legend: null },
    },
  },
  recent: {
    title: 'A year ahead, each December: 2017, 2018 and 2019',
    ...{ width: 480, height: 240 },
    data: {
      values: recent.flatMap(({ month, ppm, forecast }) => [
        { month: `${month}-01`, line: 'measured', ppm },
        ...(forecast === undefined
          ? []
          : [{ month: `${month}-01`, line: `forecast for ${month.slice(0, 4)}`, ppm: forecast }]),
      ]),
    },
    mark: { type: 'line', point: { size: 25 } },
    encoding: {
      x: { field: 'month', type: 'temporal', title: 'month', axis: { format: '%b %Y', tickCount: 7 } },
      y: {
        ...{ field: 'ppm', type: 'quantitative', title: 'CO₂, ppm' },
        scale: { zero: false },
      },
      color: { field: 'line', sort: null, title: null },
      shape: { field: 'line', sort: null, legend: null },
    },
  },
});
