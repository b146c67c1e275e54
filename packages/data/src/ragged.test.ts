import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { type BatchSource, ragged, type Sequence } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
const ids = (...values: number[]) => Int32Array.from(values);
const read = (source: BatchSource, epoch = 0) =>
  [...source(epoch)].map(({ x, y, lengths }) => ({
    x: x.arraySync(),
    y: y.arraySync(),
    lengths,
    dtypes: [x.dtype, y.dtype],
  }));
const code = (f: () => unknown): string => {
  try {
    f();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return 'no error';
};

it('pads ids to the longest of their batch, also none at all', () => {
  const source = ragged({ x: [ids(1, 2, 3), ids(), ids(4)], y: [ids(2, 3, 9), ids(), ids(5)] }, { batch: 2 });
  expect(source.steps).toBe(2);
  expect(read(source)).toEqual([
    {
      x: [
        [1, 2, 3],
        [0, 0, 0],
      ],
      y: [
        [2, 3, 9],
        [0, 0, 0],
      ],
      lengths: [3, 0],
      dtypes: ['int32', 'int32'],
    },
    { x: [[4]], y: [[5]], lengths: [1], dtypes: ['int32', 'int32'] },
  ]);
});

it('takes vectors and numbers, with one target a sequence', () => {
  const [vectors] = read(
    ragged(
      {
        x: [
          [[1, 2]],
          [
            [3, 4],
            [5, 6],
          ],
        ],
        y: [1, 0],
      },
      { batch: 2 },
    ),
  );
  expect(vectors).toEqual({
    x: [
      [
        [1, 2],
        [0, 0],
      ],
      [
        [3, 4],
        [5, 6],
      ],
    ],
    y: [1, 0],
    lengths: [1, 2],
    dtypes: ['float32', 'int32'],
  });
  const [numbers] = read(
    ragged(
      {
        x: [[1, 2], [3]],
        y: [
          [0.5, 1],
          [2, 3],
        ],
      },
      { batch: 2 },
    ),
  );
  expect(numbers).toMatchObject({
    x: [
      [[1], [2]],
      [[3], [0]],
    ],
    y: [
      [0.5, 1],
      [2, 3],
    ],
  });
});

it('an all-empty batch has one step of padding', () => {
  const [batch] = read(ragged({ x: [ids()], y: [ids()] }, { batch: 1 }));
  expect(batch).toMatchObject({ x: [[0]], lengths: [0] });
});

it('pools of like lengths: every sequence once, less padding, the same for the same epoch', () => {
  const x = Array.from({ length: 50 }, (_, i) => Int32Array.from({ length: (i * 7) % 13 }, () => i));
  const y = x.map((_, i) => i);
  const of = (pool: number, epoch = 0) => read(ragged({ x, y }, { batch: 8, seed: 3, pool }), epoch);
  const rows = (batches: ReturnType<typeof of>) => batches.flatMap((b) => b.y as number[]);
  const padding = (batches: ReturnType<typeof of>) =>
    batches.reduce(
      (n, b) => n + b.lengths!.reduce((m, length) => m + (b.x as number[][])[0]!.length - length, 0),
      0,
    );
  expect([...rows(of(7))].sort((a, b) => a - b)).toEqual(y);
  expect(padding(of(7))).toBeLessThan(padding(of(1)) / 3);
  expect(of(7)).toEqual(of(7));
  expect(rows(of(7, 1))).not.toEqual(rows(of(7, 0)));
  expect(of(7).map((b) => b.lengths!.length)).toEqual(of(1).map((b) => b.lengths!.length));
});

it.each<[string, string, () => unknown]>([
  ['nothing', 'GW_DATA_EMPTY', () => ragged({ x: [], y: [] }, { batch: 1 })],
  ['too few targets', 'GW_DATA_SAMPLES', () => ragged({ x: [ids(1)], y: [] }, { batch: 1 })],
  [
    'a target too few in a sequence',
    'GW_DATA_SHAPE',
    () => ragged({ x: [ids(1, 2)], y: [ids(1)], perStep: true }, { batch: 1 }),
  ],
  [
    'steps of two widths',
    'GW_DATA_SHAPE',
    () => ragged({ x: [[[1, 2]], [[3]]] as Sequence[], y: [1, 2] }, { batch: 1 }),
  ],
  ['NaN', 'GW_DATA_NOT_FINITE', () => ragged({ x: [[1, Number.NaN]], y: [1] }, { batch: 1 })],
  ['a pool of 0', 'GW_DATA_POOL', () => ragged({ x: [ids(1)], y: [1] }, { batch: 1, pool: 0 })],
])('refuses %s', (_, wanted, make) => {
  expect(code(make)).toBe(wanted);
});
