import type { Tutorial } from '@gatewise/example-figures';
import type { Figures } from './index.js';

export const charts: Tutorial<Figures>['charts'] = ({ curve, endings, reading }) => ({
  accuracy: {
    title: 'Names told right',
    ...{ width: 380, height: 240 },
    layer: [
      {
        data: {
          values: curve.flatMap(({ training, heldOut }, n) => [
            { epoch: n + 1, names: 'in training', right: 100 * training },
            { epoch: n + 1, names: 'held out', right: 100 * heldOut },
          ]),
        },
        mark: { type: 'line', point: true },
        encoding: {
          x: {
            field: 'epoch',
            type: 'quantitative',
            title: 'epoch, all names once',
            axis: { tickMinStep: 1 },
          },
          y: { field: 'right', type: 'quantitative', title: 'right, % of names', scale: { zero: false } },
          color: { field: 'names', sort: null, title: 'names' },
          shape: { field: 'names', sort: null, legend: null },
        },
      },
      {
        data: { values: [{ right: 100 * endings[0]!.accuracy, text: 'by the last letter alone, held out' }] },
        encoding: { y: { field: 'right', type: 'quantitative' } },
        layer: [
          { mark: { type: 'rule', strokeDash: [5, 4], color: '#555555' } },
          {
            mark: { type: 'text', x: 375, align: 'right', dy: -7, color: '#555555' },
            encoding: { text: { field: 'text' } },
          },
        ],
      },
    ],
  },
  reading: {
    title: 'What the network thinks after each letter',
    data: {
      values: reading.flatMap(({ name, kind, female }, n) =>
        female.map((p, t) => ({
          ...{ name, kind, pair: n < 2 ? 'one pair' : 'another', t: t + 1 },
          ...{ letter: name[t], female: 100 * p },
        })),
      ),
    },
    facet: { column: { field: 'pair', sort: null, title: null, header: { labels: false } } },
    spec: {
      ...{ width: 250, height: 240 },
      encoding: {
        x: { field: 't', type: 'quantitative', title: 'letters read', axis: { tickMinStep: 1 } },
        y: {
          ...{ field: 'female', type: 'quantitative', title: 'probability of female, %' },
          scale: { domain: [0, 100] },
        },
        color: { field: 'kind', sort: null, title: 'list of the name' },
        detail: { field: 'name' },
      },
      layer: [
        { mark: { type: 'line' } },
        {
          mark: { type: 'circle', size: 180, opacity: 1 },
          encoding: { color: { value: '#ffffff' } },
        },
        {
          mark: { type: 'text', fontSize: 13, fontWeight: 'bold' },
          encoding: { text: { field: 'letter' } },
        },
      ],
    },
  },
});
