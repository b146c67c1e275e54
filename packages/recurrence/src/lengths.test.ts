import { gru, lstm, vanilla } from '@gatewise/cells';
import { type AnyCell, cellNames } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Lengths, lengthsMask, type RecurArgs, recur } from './index.js';

const [B, T, I, H] = [4, 5, 3, 4];
const lengths = [5, 2, 0, 3];
const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 0.7, 'float32', seed);
beforeAll(() => tf.setBackend('cpu'));

function problem(cell: AnyCell) {
  const { gates, input, recurrent, state } = cellNames(cell);
  const state0 = Object.fromEntries(state.map((s, k) => [s, normal([B, H], 10 + k)]));
  return {
    W: normal([I, input.length * H], 2),
    R: normal([H, recurrent.length * H], 3),
    b: normal([gates.length * H], 4),
    state0,
  };
}
/** x with `value` at padded steps. */
const padded = (value: number) =>
  tf.where(
    tf.tile(tf.expandDims(lengthsMask(lengths, B, T), 2), [1, 1, I]),
    normal([B, T, I], 1),
    tf.fill([B, T, I], value),
  );
const row = (t: tf.Tensor, b: number) => (t.arraySync() as number[][])[b]!;
const code = (f: () => unknown): string => {
  try {
    f();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return 'no error';
};

describe.each([
  ['numbers', lengths as Lengths],
  ['int32 [B]', tf.tensor1d(lengths, 'int32')],
  ['float32 [B,1]', tf.tensor2d(lengths, [B, 1])],
])('lengths as %s', (_, given) => {
  it.each([
    ['lstm', lstm, false],
    ['gru', gru, true],
  ] as const)('every row as if it were alone: %s', (_, cell, reverse) => {
    const p = problem(cell);
    const x = padded(Number.NaN);
    const { y, final } = recur(cell, { x, ...p, lengths: given, reverse });
    lengths.forEach((n, b) => {
      const one = (t: tf.Tensor) => tf.slice(t, [b, 0], [1, H]);
      const state0 = Object.fromEntries(Object.entries(p.state0).map(([s, t]) => [s, one(t)]));
      if (n === 0) {
        for (const s of cell.state) expect(row(final[s]!, b)).toEqual(row(state0[s]!, 0));
      } else {
        const alone = recur(cell, { ...p, x: tf.slice(x, [b, 0, 0], [1, n, I]), state0, reverse });
        for (const s of cell.state) expect(row(final[s]!, b)).toEqual(row(alone.final[s]!, 0));
        expect((row(y, b) as unknown as number[][]).slice(0, n)).toEqual(row(alone.y, 0));
      }
      expect((row(y, b) as unknown as number[][]).slice(n).flat()).toEqual(Array((T - n) * H).fill(0));
    });
  });

  it('no gradient reaches the padding, and none of its NaN leaves it', () => {
    const p = problem(vanilla);
    const f = (x: tf.Tensor, W: tf.Tensor, R: tf.Tensor, b: tf.Tensor, h: tf.Tensor) =>
      tf.sum(tf.square(recur(vanilla, { x, W, R, b, state0: { h }, lengths: given }).y)) as tf.Scalar;
    const all = tf.grads(f)([padded(Number.NaN), p.W, p.R, p.b, p.state0.h!]);
    const dx = all[0]!.arraySync() as number[][][];
    lengths.forEach((n, b) => {
      expect(dx[b]!.slice(n).flat()).toEqual(Array((T - n) * I).fill(0));
    });
    for (const g of all) expect(tf.all(tf.isFinite(g)).dataSync()[0]).toBe(1);
    expect(row(all[4]!, 2)).toEqual(Array(H).fill(0));
  });
});

it('full rows are not masked, and nothing is left behind', () => {
  const p = problem(lstm);
  const x = normal([B, T, I], 1);
  const before = tf.memory().numTensors;
  const run = (more: Partial<RecurArgs>) => recur(lstm, { x, ...p, ...more });
  const results = [run({}), run({ lengths: [T, T, T, T] }), run({ lengths })];
  expect(results[1]!.y.arraySync()).toEqual(results[0]!.y.arraySync());
  tf.dispose(results as unknown as tf.TensorContainer);
  expect(tf.memory().numTensors).toBe(before);
});

it.each<[string, Lengths]>([
  ['too few', [1, 2]],
  ['a half', [1, 2.5, 0, 0]],
  ['beyond T', [6, 0, 0, 0]],
  ['below 0', [-1, 0, 0, 0]],
  ['a tensor of another size', tf.tensor1d([1, 2], 'int32')],
])('refuses %s', (_, bad) => {
  const x = tf.ones([B, T, I]);
  expect(code(() => recur(lstm, { x, ...problem(lstm), lengths: bad }))).toBe('GW_OP_LENGTHS');
});

it('refuses lengths beside a mask', () => {
  const args = { x: tf.ones([B, T, I]), ...problem(lstm), lengths, mask: tf.ones([B, T], 'int32') };
  expect(code(() => recur(lstm, args))).toBe('GW_OP_LENGTHS');
});
