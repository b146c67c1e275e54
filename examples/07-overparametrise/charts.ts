import type { Tutorial } from '@gatewise/example-figures';
import type { Figures } from './index.js';

export const charts: Tutorial<Figures>['charts'] = ({ models, counts }) => ({
  curves: {
    title: 'Bits per character, by epoch',
    data: {
      values: models.flatMap(({ name, curve }) =>
        curve.flatMap(({ epoch, training, heldOut }) => [
          { name, epoch, text: 'trained on', bits: training },
          { name, epoch, text: 'held out', bits: heldOut },
        ]),
      ),
    },
    facet: { column: { field: 'name', sort: models.map(({ name }) => name), title: null } },
    spec: {
      width: 210,
      height: 230,
      layer: [
        {
          mark: { type: 'line', point: { size: 26 } },
          encoding: {
            x: { field: 'epoch', type: 'quantitative', title: 'epoch, times through the text' },
            y: {
              field: 'bits',
              type: 'quantitative',
              title: 'bits per character',
              scale: { zero: true },
            },
            color: { field: 'text', type: 'nominal', sort: ['trained on', 'held out'], title: null },
            shape: { field: 'text', sort: ['trained on', 'held out'], legend: null },
          },
        },
        {
          mark: { type: 'rule', strokeDash: [4, 4], color: '#555555' },
          encoding: { y: { datum: counts.bigram } },
        },
      ],
    },
  },
});
