import '@tensorflow/tfjs';
import { gru, lstm, vanilla } from '@gatewise/cells';
import { type AnyCell, cellNames } from '@gatewise/core';
import { gru as gruLayer, lstm as lstmLayer } from '@gatewise/layers';
import { recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { Matrix, SingularValueDecomposition } from 'ml-matrix';
import { beforeAll, describe, expect, it } from 'vitest';
import { jacobianNorm } from './jacobian.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
const [T, I, H] = [9, 3, 4];
const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 0.6, 'float32', seed);
const x = normal([1, T, I], 1);
const weightsOf = (cell: AnyCell) => {
  const { input, recurrent, gates } = cellNames(cell);
  return {
    W: normal([I, input.length * H], 2),
    R: normal([H, recurrent.length * H], 3),
    b: normal([gates.length * H], 4),
  };
};
const norm = (M: Matrix) => new SingularValueDecomposition(M).norm2;

it('of the vanilla cell it is ‖∏ diag(1 − h²) Rᵀ‖', async () => {
  const weights = weightsOf(vanilla);
  const { y } = recur(vanilla, { x, ...weights });
  const h = y.arraySync()[0]!;
  const RT = new Matrix(weights.R.arraySync() as number[][]).transpose();
  const [k, t] = [2, 7];
  let product = Matrix.eye(H);
  for (let n = k + 1; n <= t; n++)
    product = Matrix.diag(h[n]!.map((v) => 1 - v * v))
      .mmul(RT)
      .mmul(product);
  const { blocks, whole } = await jacobianNorm(vanilla, { x, ...weights }, t, k);
  expect(blocks.h!.h! / norm(product)).toBeCloseTo(1, 5);
  expect(whole).toBeCloseTo(blocks.h!.h!, 12);
});

/** The same, by central differences of the states at step k. */
function differences(cell: AnyCell, weights: ReturnType<typeof weightsOf>, t: number, k: number): Matrix {
  const cut = (from: number, to: number) => tf.slice(x, [0, from, 0], [1, to - from, I]);
  const at = recur(cell, { x: cut(0, k + 1), ...weights }).final;
  const s = cell.state.flatMap((name) => [...at[name]!.dataSync()]);
  const after = (values: number[]) => {
    const state0 = Object.fromEntries(
      cell.state.map((name, n) => [name, tf.tensor(values.slice(n * H, (n + 1) * H), [1, H])]),
    );
    const { final } = recur(cell, { x: cut(k + 1, t + 1), ...weights, state0 });
    return cell.state.flatMap((name) => [...final[name]!.dataSync()]);
  };
  const J = new Matrix(s.length, s.length);
  const step = 0.01;
  s.forEach((_, j) => {
    const moved = (by: number) => after(s.map((v, n) => (n === j ? v + by : v)));
    const [up, down] = [moved(step), moved(-step)];
    up.forEach((v, n) => {
      J.set(n, j, (v - down[n]!) / (2 * step));
    });
  });
  return J;
}

describe.each([lstm, gru] as unknown as AnyCell[])('$name', (cell) => {
  it('agrees with differences, block by block', async () => {
    const weights = weightsOf(cell);
    const { blocks, whole } = await jacobianNorm(cell, { x, ...weights }, 6, 3);
    const J = differences(cell, weights, 6, 3);
    expect(Math.abs(whole / norm(J) - 1)).toBeLessThan(1e-3);
    cell.state.forEach((a, r) => {
      cell.state.forEach((b, c) => {
        const wanted = norm(J.subMatrix(r * H, (r + 1) * H - 1, c * H, (c + 1) * H - 1));
        expect(Math.abs(blocks[a]![b]! / wanted - 1)).toBeLessThan(1e-3);
      });
    });
  });
});

it('of a step by itself is the identity, and nothing leaks', async () => {
  const weights = weightsOf(lstm);
  const before = tf.memory().numTensors;
  const { blocks } = await jacobianNorm(lstm, { x, ...weights }, 4, 4);
  expect(blocks).toEqual({ h: { h: 1, c: 0 }, c: { h: 0, c: 1 } });
  expect(tf.memory().numTensors).toBe(before);
});

it('takes a layer with its weights, a learned state and a direction', async () => {
  const layer = lstmLayer({ units: H, seed: 1, learnedState: true });
  layer.apply(x);
  const [W, R, b] = layer.getWeights() as [tf.Tensor, tf.Tensor, tf.Tensor];
  expect(await jacobianNorm(layer, { x }, 8, 0)).toEqual(await jacobianNorm(lstm, { x, W, R, b }, 8, 0));
  const back = gruLayer({ units: H, seed: 1, reverse: true });
  back.apply(x);
  const given = back.getWeights() as [tf.Tensor, tf.Tensor, tf.Tensor];
  const turned = { x: tf.reverse(x, 1), W: given[0], R: given[1], b: given[2] };
  expect(await jacobianNorm(back, { x }, 0, 5)).toEqual(await jacobianNorm(gru, turned, 8, 3));
});

it('says what is wrong', async () => {
  const args = { x, ...weightsOf(lstm) };
  await expect(jacobianNorm(lstm, args, 2, 3)).rejects.toThrow(/GW_INSPECT_STEPS/);
  await expect(jacobianNorm(lstm, args, T, 3)).rejects.toThrow(/GW_INSPECT_STEPS/);
  await expect(jacobianNorm(lstm, { x }, 3, 2)).rejects.toThrow(/GW_INSPECT_WEIGHTS/);
  await expect(jacobianNorm(lstmLayer({ units: 2 }), { x }, 3, 2)).rejects.toThrow(/GW_INSPECT_WEIGHTS/);
  await expect(jacobianNorm(lstm, { ...args, x: tf.tile(x, [2, 1, 1]) }, 3, 2)).rejects.toThrow(
    /GW_INSPECT_BATCH/,
  );
});
