import type { Tutorial } from '@gatewise/example-figures';
import { cliff } from './cliff.js';
import type { Figures } from './index.js';

const range = (from: number, to: number, count: number) =>
  Array.from({ length: count + 1 }, (_, n) => Number((from + ((to - from) * n) / count).toFixed(4)));
const axis = (field: string, title: string, domain: [number, number]) =>
  ({ field, type: 'quantitative', title, scale: { domain, zero: false, nice: false } }) as const;

/** E over both weights in cells of ⅛. */
const CELL = 1 / 8;
const landscape = range(3, 7 - CELL, 31).flatMap((w) =>
  range(-4, -CELL, 31).map((b) => ({
    ...{ w, b, w2: w + CELL, b2: b + CELL },
    E: Number(cliff(w + CELL / 2, b + CELL / 2).E.toFixed(3)),
  })),
);
/** A walk across the cliff. */
const slice = range(-4, -1, 300).flatMap((b) => {
  const { E, dw, db } = cliff(5, b);
  const panels = { 'E, error': E, '‖g‖, error per weight': Math.hypot(dw, db) };
  return Object.entries(panels).map(([panel, value]) => ({ b, panel, value: Number(value.toPrecision(3)) }));
});

export const charts: Tutorial<Figures>['charts'] = ({ paths }) => ({
  cliff: {
    title: 'The error of one unit, and two descents from one start',
    width: 420,
    height: 340,
    layer: [
      {
        data: { values: landscape },
        mark: { type: 'rect', strokeWidth: 0 },
        encoding: {
          x: axis('w', 'w, weight of the state', [3, 7]),
          x2: { field: 'w2' },
          y: axis('b', 'b, bias', [-4, 0]),
          y2: { field: 'b2' },
          color: {
            field: 'E',
            type: 'quantitative',
            title: 'E, error',
            scale: { scheme: 'greys', domain: [0, 0.6] },
          },
        },
      },
      {
        data: {
          values: paths.flatMap(({ clipping, points }) =>
            points.map(([w, b], step) => ({ clipping, w, b, step })),
          ),
        },
        mark: { type: 'line', clip: true, strokeWidth: 2 },
        encoding: {
          x: axis('w', 'w, weight of the state', [3, 7]),
          y: axis('b', 'b, bias', [-4, 0]),
          order: { field: 'step' },
          stroke: { field: 'clipping', sort: null, title: 'clipping' },
          strokeDash: { field: 'clipping', sort: null, title: 'clipping' },
        },
      },
    ],
  },
  slice: {
    title: 'Across the cliff, at w = 5',
    data: { values: slice },
    facet: { row: { field: 'panel', title: null, header: { labelOrient: 'top', labelAnchor: 'start' } } },
    resolve: { scale: { y: 'independent' } },
    spec: {
      width: 460,
      height: 130,
      mark: 'line',
      encoding: {
        x: axis('b', 'b, bias', [-4, -1]),
        y: { field: 'value', type: 'quantitative', title: null },
      },
    },
  },
});
