import type { Tutorial } from '@gatewise/example-figures';
import type { Figures } from './index.js';

export const charts: Tutorial<Figures>['charts'] = ({ cells, sequences }) => {
  const every = sequences.steps / cells[0]!.adding[0]!.length;
  const curves = cells.flatMap(({ cell, adding }) =>
    adding.flatMap((curve, seed) =>
      (curve ?? []).map((loss, n) => ({ cell, seed: seed + 1, steps: (n + 1) * every, loss })),
    ),
  );
  const order = cells.map(({ cell }) => cell);
  return {
    adding: {
      title: 'The adding problem: a line is a seed',
      data: { values: curves },
      facet: { column: { field: 'cell', sort: order, title: null } },
      spec: {
        width: 130,
        height: 200,
        mark: { type: 'line', point: { size: 16 }, opacity: 0.8 },
        encoding: {
          x: { field: 'steps', type: 'quantitative', title: 'training steps', axis: { tickCount: 3 } },
          y: {
            field: 'loss',
            type: 'quantitative',
            title: 'held-out loss, squared error',
            scale: { type: 'log' },
            axis: { format: '~g', tickCount: 5 },
          },
          detail: { field: 'seed' },
        },
      },
    },
    reber: {
      title: 'The embedded Reber grammar: what is right, held out; a mark is a seed',
      data: {
        values: cells.flatMap(({ cell, reber }) =>
          reber.flatMap(({ legal, remembered }) => [
            { cell, what: 'the next symbol may stand there', share: 100 * legal },
            { cell, what: 'T or P from the start', share: 100 * remembered },
          ]),
        ),
      },
      width: 420,
      height: 200,
      mark: { type: 'point', size: 60, filled: true, opacity: 0.7 },
      encoding: {
        y: { field: 'cell', sort: order, title: null },
        x: {
          field: 'share',
          type: 'quantitative',
          title: 'of the guesses, %',
          scale: { domain: [40, 100], zero: false },
        },
        yOffset: { field: 'what', sort: null },
        color: { field: 'what', type: 'nominal', sort: null, title: null, legend: { orient: 'bottom' } },
        shape: { field: 'what', type: 'nominal', sort: null, title: null },
      },
    },
  };
};
