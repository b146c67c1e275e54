import type { Tutorial } from '@gatewise/example-figures';

/** Steps at which a shape reads and writes. */
const shapes: [string, number[], number[]][] = [
  ['one to one', [1], [1]],
  ['one to many', [1], [1, 2, 3, 4]],
  ['many to one', [1, 2, 3, 4], [4]],
  ['many to many, later', [1, 2, 3], [4, 5, 6]],
  ['many to many, in step', [1, 2, 3, 4], [1, 2, 3, 4]],
];

const nodes = shapes.flatMap(([shape, reads, writes]) => {
  const steps = [...new Set([...reads, ...writes])];
  const of = (what: string, level: number, at: number[]) => at.map((t) => ({ shape, what, level, t }));
  return [...of('x, input', 0, reads), ...of('h, state', 1, steps), ...of('y, output', 2, writes)];
});

const edges = shapes.flatMap(([shape, reads, writes]) => {
  const steps = [...new Set([...reads, ...writes])];
  return [
    ...reads.map((t) => ({ shape, t, t2: t, from: 0.15, to: 0.85 })),
    ...writes.map((t) => ({ shape, t, t2: t, from: 1.15, to: 1.85 })),
    ...steps.slice(1).map((t) => ({ shape, t: t - 0.8, t2: t - 0.2, from: 1, to: 1 })),
  ];
});

const order = shapes.map(([shape]) => shape);

/** The five shapes, unrolled. */
export const charts: Tutorial<object>['charts'] = () => ({
  shapes: {
    title: 'The same cell, copied along time: what is read and what is written',
    data: { values: [...nodes, ...edges] },
    facet: { column: { field: 'shape', sort: order, title: null } },
    spec: {
      width: 140,
      height: 130,
      layer: [
        {
          transform: [{ filter: 'isValid(datum.from)' }],
          mark: { type: 'rule', color: '#777777', strokeWidth: 1.5 },
          encoding: {
            x: { field: 't', type: 'quantitative' },
            x2: { field: 't2' },
            y: { field: 'from', type: 'quantitative' },
            y2: { field: 'to' },
          },
        },
        {
          transform: [{ filter: 'isValid(datum.what)' }],
          mark: { type: 'point', filled: true, size: 180, opacity: 1 },
          encoding: {
            x: {
              field: 't',
              type: 'quantitative',
              title: 'time, steps',
              scale: { domain: [0.5, 6.5], nice: false },
              axis: { values: [1, 2, 3, 4, 5, 6], grid: false },
            },
            y: {
              field: 'level',
              type: 'quantitative',
              scale: { domain: [-0.4, 2.4], nice: false },
              axis: { values: [0, 1, 2], labelExpr: "['x','h','y'][datum.value]", grid: false, title: null },
            },
            color: { field: 'what', sort: null, title: null },
            shape: { field: 'what', sort: null, title: null },
          },
        },
      ],
    },
  },
});
