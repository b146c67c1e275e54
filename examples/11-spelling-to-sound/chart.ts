import type { TopLevelSpec } from 'vega-lite';
import type { Comparison } from './index.js';

/** The error over epochs by model, and where attention looked. */
export function chart({ runs, alignment }: Pick<Comparison, 'runs' | 'alignment'>): TopLevelSpec {
  const values = Object.entries(runs).flatMap(([kind, { curve, weights }]) =>
    curve.map(({ epoch, phonemeErrorRate }) => ({
      ...{ epoch, rate: phonemeErrorRate },
      model: `${kind}, ${weights} weights`,
    })),
  );
  const order = { sort: null, axis: { labelAngle: 0 } } as const;
  return {
    hconcat: [
      {
        ...{ title: 'Held-out phoneme error rate, greedy', width: 340, height: 260, data: { values } },
        mark: { type: 'line', point: { size: 60 } },
        encoding: {
          x: { field: 'epoch', type: 'quantitative', axis: { tickMinStep: 1 } },
          y: { field: 'rate', type: 'quantitative', axis: { format: '.0%' }, title: 'phoneme error rate' },
          color: { field: 'model', type: 'nominal', legend: { orient: 'bottom', title: null } },
          shape: { field: 'model', type: 'nominal', legend: null },
        },
      },
      {
        ...{ title: 'Where attention looked, a held-out word', data: { values: [...alignment] } },
        ...{ width: 300, height: 260, mark: 'rect' },
        encoding: {
          x: { field: 'letter', type: 'nominal', title: 'letter read', ...order },
          y: { field: 'phoneme', type: 'nominal', title: 'sound written', ...order },
          color: {
            ...{ field: 'weight', type: 'quantitative', title: 'weight' },
            scale: { scheme: 'blues', domain: [0, 1] },
          },
        },
      },
    ],
    resolve: { scale: { color: 'independent' } },
  };
}
