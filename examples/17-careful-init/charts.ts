import type { Tutorial } from '@gatewise/example-figures';
import type { Figures } from './index.js';

export const charts: Tutorial<Figures>['charts'] = ({ starts, every }) => {
  const order = starts.map(({ start }) => start);
  return {
    start: {
      title: 'Before training: how much of a change of the first state is left',
      width: 440,
      height: 260,
      data: {
        values: starts.flatMap(({ start, norms }) => norms.map((norm, n) => ({ start, t: n * every, norm }))),
      },
      mark: { type: 'line', point: { size: 40 } },
      encoding: {
        x: { field: 't', type: 'quantitative', title: 't, steps after the first' },
        y: {
          field: 'norm',
          type: 'quantitative',
          title: '‖∂s_t/∂s_0‖, change per change',
          scale: { type: 'log' },
          axis: { format: '~e', tickCount: 6 },
        },
        color: { field: 'start', type: 'nominal', sort: order, title: null },
        shape: { field: 'start', type: 'nominal', sort: order, legend: null },
      },
    },
    solved: {
      title: 'Held-out loss of every run',
      data: {
        values: starts.flatMap(({ start, runs }) =>
          runs.map(({ T, rate, heldOut }) => ({
            ...{ start, rate: `${rate}`, length: `T = ${T}` },
            loss: heldOut === null ? 1 : Math.min(1, heldOut),
          })),
        ),
      },
      facet: { column: { field: 'length', sort: null, title: null } },
      spec: {
        width: 230,
        height: 200,
        mark: { type: 'point', size: 50, filled: true, opacity: 0.7 },
        encoding: {
          y: { field: 'start', sort: order, title: null },
          yOffset: { field: 'rate', sort: null },
          x: {
            field: 'loss',
            type: 'quantitative',
            title: 'held-out loss, squared error',
            scale: { type: 'log', domain: [1e-4, 1], clamp: true },
            axis: { format: '~g', tickCount: 5 },
          },
          color: { field: 'rate', type: 'nominal', sort: null, title: 'learning rate' },
          shape: { field: 'rate', type: 'nominal', sort: null, title: 'learning rate' },
        },
      },
    },
  };
};
