import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { gru, lstm } from './recurrent.js';
import { bidirectional, stack } from './stack.js';
import { initialState, restoreState, runLayer, type Stateful } from './state.js';
import { stream } from './stream.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
const [B, T, I, H] = [2, 6, 3, 4];
const x = tf.randomNormal([B, T, I], 0, 1, 'float32', 1);
const part = (from: number, count: number) => tf.slice(x, [0, from, 0], [B, count, I]);
const values = (t: tf.Tensor) => t.arraySync();
const makers: Record<string, () => Stateful> = {
  lstm: () => lstm({ units: H, seed: 1 }),
  'lstm with a learned state': () => lstm({ units: H, seed: 1, learnedState: true }),
  stack: () =>
    stack({
      levels: [
        { cell: 'lstm', units: H, seed: 1 },
        { cell: 'gru', units: 3, seed: 2 },
      ],
    }),
};

describe.each(Object.keys(makers))('%s', (name) => {
  it('in parts is the same as whole, and step by step', () => {
    const layer = makers[name]!();
    const whole = runLayer(layer, x);
    const a = runLayer(layer, part(0, 2));
    const b = runLayer(layer, part(2, 4), a.state);
    expect(values(tf.concat([a.y, b.y], 1))).toEqual(values(whole.y));
    b.state.tensors.forEach((t, k) => {
      expect(values(t)).toEqual(values(whole.state.tensors[k]!));
    });
    const steps = stream(layer);
    for (let t = 0; t < T; t++) {
      const y = steps.push(tf.reshape(part(t, 1), [B, I]));
      expect(values(y)).toEqual(
        values(tf.reshape(tf.slice(whole.y, [0, t, 0], [B, 1, y.shape[1]!]), y.shape as [number, number])),
      );
    }
    steps.dispose();
  });

  it('starts rows anew, is saved and restored, and cuts gradients', async () => {
    const layer = makers[name]!();
    const { state } = runLayer(layer, x);
    const kept = state.tensors.map(values) as number[][][];
    const start = initialState(layer, B).tensors.map(values) as number[][][];
    const saved = JSON.parse(JSON.stringify(await state.save()));
    state.reset([1]);
    state.tensors.forEach((t, k) => {
      expect(values(t)).toEqual([kept[k]![0], start[k]![1]]);
    });
    state.reset();
    expect(state.tensors.map(values)).toEqual(start);
    expect(restoreState(layer, saved).tensors.map(values)).toEqual(kept);
    const loss = (cut: boolean) => (v: tf.Tensor) => {
      const first = runLayer(layer, v);
      return tf.sum(
        runLayer(layer, tf.ones([B, 2, I]), cut ? first.state.detach() : first.state).y,
      ) as tf.Scalar;
    };
    const size = (cut: boolean) => tf.max(tf.abs(tf.grad(loss(cut))(x))).arraySync() as number;
    expect(size(false)).toBeGreaterThan(0);
    expect(size(true)).toBe(0);
  });

  it('lives through a tidy, and nothing else does', () => {
    const layer = makers[name]!();
    tf.tidy(() => void runLayer(layer, x).state.dispose());
    const before = tf.memory().numTensors;
    const steps = stream(layer);
    const counts = Array.from({ length: 4 }, (_, t) => {
      tf.tidy(() => void steps.push(tf.reshape(part(t, 1), [B, I])));
      return tf.memory().numTensors;
    });
    expect(counts).toEqual(Array(4).fill(before + layer.states.length));
    steps.reset([0]);
    steps.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

it('takes lengths: rows that ended hold their state', () => {
  const layer = gru({ units: H, seed: 1 });
  const { state } = runLayer(layer, x, undefined, { lengths: [6, 2] });
  const short = runLayer(layer, part(0, 2)).state.tensors[0]!;
  expect((values(state.tensors[0]!) as number[][])[1]).toEqual((values(short) as number[][])[1]);
});

it('says what is wrong', () => {
  const layer = gru({ units: H, seed: 1 });
  const other = gru({ units: H, seed: 1 });
  const { state } = runLayer(layer, x);
  expect(() => runLayer(other, x, state)).toThrow(/GW_STATE_LAYER/);
  expect(() => state.reset([2])).toThrow(/GW_STATE_ROW/);
  expect(() => restoreState(lstm({ units: H }), { layer: '', states: [] })).toThrow(/GW_STATE_SHAPE/);
  expect(() => runLayer(layer, tf.zeros([3, 1, I]), state)).toThrow(/GW_LAYER_SHAPE/);
  state.dispose();
  expect(() => runLayer(layer, x, state)).toThrow(/GW_STATE_DISPOSED/);
  expect(() => stream(bidirectional({ cell: 'gru', units: 2 }))).toThrow(/GW_STREAM_DIRECTION/);
  expect(() => stream(gru({ units: 2, reverse: true }))).toThrow(/GW_STREAM_DIRECTION/);
});
