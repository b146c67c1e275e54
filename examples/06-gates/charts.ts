import type { Tutorial } from '@gatewise/example-figures';
import type { Figures } from './index.js';
import type { Gate } from './reading.js';

const titles: Readonly<Record<Gate, string>> = {
  i: 'i, input gate',
  f: 'f, forget gate',
  o: 'o, output gate',
};

export const charts: Tutorial<Figures>['charts'] = ({ shown: { text, units, gates } }) => ({
  gates: {
    title: 'What the gates of ten units do over held-out text',
    data: {
      values: (Object.keys(titles) as Gate[]).flatMap((gate) =>
        gates[gate].flatMap((row, t) =>
          row.map((open, n) => ({ gate: titles[gate], t, unit: `unit ${units[n]}`, open })),
        ),
      ),
    },
    facet: {
      row: {
        field: 'gate',
        sort: Object.values(titles),
        title: null,
        header: { labelOrient: 'top', labelAnchor: 'start' },
      },
    },
    resolve: { axis: { x: 'independent' } },
    spec: {
      width: 700,
      height: 150,
      mark: 'rect',
      encoding: {
        x: {
          field: 't',
          type: 'ordinal',
          title: 'the character just read',
          axis: { labelAngle: 0, labelExpr: `${JSON.stringify([...text])}[datum.value]`, ticks: false },
        },
        y: { field: 'unit', sort: units.map((unit) => `unit ${unit}`), title: null },
        color: {
          field: 'open',
          type: 'quantitative',
          title: '0 shut, 1 open',
          scale: { scheme: 'viridis', domain: [0, 1] },
        },
      },
    },
  },
});
