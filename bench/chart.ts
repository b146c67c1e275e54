import type { TopLevelSpec } from 'vega-lite';
import { isQuickstart } from './quickstart.js';
import type { Row } from './rows.js';
import { svgOf } from './svg.js';
import { placeOf } from './table.js';

type Panel = Extract<TopLevelSpec, { facet: unknown }>['spec'];

const milliseconds = { type: 'quantitative', scale: { type: 'log' }, title: 'ms' } as const;

/** One case: a dot at the median, a line from the fastest to the slowest. */
const panel: Panel = {
  width: 230,
  height: { step: 13 },
  encoding: {
    y: { field: 'name', type: 'nominal', title: null, sort: { field: 'medianMs', op: 'min' } },
    color: {
      field: 'whose',
      type: 'nominal',
      title: null,
      scale: { domain: ['Gatewise', 'others'], range: ['#1f9d73', '#c2683c'] },
    },
  },
  layer: [
    {
      mark: { type: 'rule', aria: false, strokeWidth: 2, opacity: 0.6 },
      encoding: {
        x: { field: 'minMs', ...milliseconds },
        x2: { field: 'maxMs' },
      },
    },
    {
      mark: { type: 'point', aria: false, filled: true, size: 45, opacity: 1 },
      encoding: { x: { field: 'medianMs', ...milliseconds } },
    },
  ],
};

/** Milliseconds on a logarithmic axis: a panel for each case, a dot for each subject, its spread a line. */
export async function drawChart(rows: readonly Row[], header: readonly string[]): Promise<string> {
  const values = rows
    .filter((row) => row.cell !== 'gemm' && !isQuickstart(row))
    .map((row) => ({
      ...row,
      place: placeOf(row),
      whose: row.peer === 'gatewise' ? 'Gatewise' : 'others',
    }));
  const spec: TopLevelSpec = {
    title: {
      text: 'Milliseconds: median, and from fastest to slowest',
      subtitle: header.flatMap(wrapped),
      anchor: 'start',
    },
    data: { values },
    facet: { field: 'place', title: null, sort: [...new Set(values.map(({ place }) => place))] },
    columns: 3,
    spec: panel,
    resolve: { scale: { x: 'independent', y: 'independent' } },
  };
  return svgOf(spec);
}

/** Lines of at most 200 letters, broken after a semicolon. */
function wrapped(text: string): string[] {
  const lines = [''];
  for (const part of text.split(/(?<=; )/)) {
    if (lines.at(-1)!.length + part.length > 200) lines.push('');
    lines[lines.length - 1] += part;
  }
  return lines;
}
