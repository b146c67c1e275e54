import '@tensorflow/tfjs';
import { gru as gruCell, lstm as lstmCell } from '@gatewise/cells';
import { bidirectional, gru, lstm, recurrent, vanilla } from '@gatewise/layers';
import { recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { gradientFlow } from './gradient-flow.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
const [B, T, I, H] = [3, 6, 2, 4];
const x = tf.randomNormal([B, T, I], 0, 1, 'float32', 1);
const y = tf.ones([B, 2]);
const dense = () => layers.dense({ units: 2, kernelInitializer: 'ones' });
const norm = (t: tf.Tensor) => Math.hypot(...t.dataSync());

describe('gradients', () => {
  it('are those of the loss by the states, as differences give them', async () => {
    const layer = lstm({ units: H, seed: 1, inputShape: [T, I] });
    const model = sequential({ layers: [layer, dense()] });
    const { layers: seen, loss } = await gradientFlow(model, { x, y });
    const [W, R, b] = layer.getWeights() as [tf.Tensor, tf.Tensor, tf.Tensor];
    const after = (n: number, state: { h: tf.Tensor; c: tf.Tensor }) => {
      const rest = tf.slice(x, [0, n + 1, 0], [B, T - n - 1, I]);
      const h =
        n === T - 1 ? state.h : recur(layer.settings.cell, { x: rest, W, R, b, state0: state }).final.h!;
      const gap = tf.sub(tf.sum(tf.add(h, tf.mul(state.c, 0)), 1, true), y);
      return tf.mean(tf.square(gap)) as tf.Scalar;
    };
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ layer: layer.name, cell: 'lstm' });
    for (let n = 0; n < T; n++) {
      const cut = tf.slice(x, [0, 0, 0], [B, n + 1, I]);
      const { h, c } = recur(layer.settings.cell, { x: cut, W, R, b }).final as Record<'h' | 'c', tf.Tensor>;
      expect(after(n, { h, c }).dataSync()[0]).toBeCloseTo(loss, 5);
      const [dh, dc] = tf.grads((a: tf.Tensor, d: tf.Tensor) => after(n, { h: a, c: d }))([h, c]);
      expect(seen[0]!.gradients.h![n]).toBeCloseTo(norm(dh!), 5);
      expect(seen[0]!.gradients.c![n]).toBeCloseTo(norm(dc!), 5);
    }
  });

  it('of all layers, directions and states shown, of frozen ones too', async () => {
    const model = sequential({
      layers: [
        bidirectional({ cell: 'gru', units: H, name: 'both', inputShape: [T, I], returnSequences: true }),
        lstm({ units: 3, name: 'top' }),
        dense(),
      ],
    });
    const open = await gradientFlow(model, { x, y });
    expect(open.layers.map(({ layer }) => layer)).toEqual(['both/0/forward', 'both/0/backward', 'top']);
    expect(open.layers[1]!.gradients.h![0]).toBeGreaterThan(0);
    for (const layer of model.layers) layer.trainable = false;
    expect(await gradientFlow(model, { x, y })).toEqual(open);
  });

  it('another loss; a thing with a loss of its own; nothing leaks', async () => {
    const model = sequential({ layers: [gru({ units: H, seed: 1, inputShape: [T, I] }), dense()] });
    const loss = (a: tf.Tensor, p: tf.Tensor) => tf.mul(2, tf.square(tf.sub(a, p)));
    const one = await gradientFlow(model, { x, y });
    const before = tf.memory().numTensors;
    const two = await gradientFlow(model, { x, y }, { loss });
    expect(tf.memory().numTensors).toBe(before);
    expect(two.loss).toBeCloseTo(2 * one.loss, 5);
    expect(two.layers[0]!.gradients.h![1]! / one.layers[0]!.gradients.h![1]!).toBeCloseTo(2, 5);
    const weights = Object.fromEntries(model.weights.map((w) => [w.name, w.read()]));
    const own = { weights, loss: () => tf.mean(loss(y, model.apply(x) as tf.Tensor)) as tf.Scalar };
    expect(await gradientFlow(own, { x, y })).toEqual(two);
  });

  it('every state at every step adds what arrives there', async () => {
    const plain = lstm({ units: H, seed: 1 });
    const shown = lstm({ units: H, seed: 1, returnStateSequences: true });
    const model = (apply: () => tf.Tensor, layer: typeof plain) => {
      layer.apply(x);
      const weights = Object.fromEntries(layer.weights.map((w) => [w.name, w.read()]));
      return { weights, loss: () => tf.sum(apply()) as tf.Scalar };
    };
    const a = await gradientFlow(
      model(() => plain.apply(x) as tf.Tensor, plain),
      { x, y },
    );
    const b = await gradientFlow(
      model(() => (shown.apply(x) as tf.Tensor[])[0]!, shown),
      { x, y },
    );
    expect(b.layers[0]!.gradients).toEqual(a.layers[0]!.gradients);
    const c = await gradientFlow(
      model(() => (shown.apply(x) as tf.Tensor[])[2]!, shown),
      { x, y },
    );
    expect(c.layers).toHaveLength(1);
    // δc_T = 1 where the sum of all c is the loss
    expect(c.layers[0]!.gradients.c!.at(-1)).toBeCloseTo(Math.sqrt(B * H), 5);
  });
});

describe('gates', () => {
  /** A GRU without products: its gates are its bias, for every step the same. */
  const still = (z: number, r: number) => {
    const layer = recurrent({ cell: gruCell, units: 1, inputShape: [T, I] });
    const net = sequential({ layers: [layer] });
    layer.setWeights([tf.zeros([I, 3]), tf.zeros([1, 3]), tf.tensor1d([z, r, 0])]);
    return net;
  };
  it('are shut, open, or neither; the memory lasts ln ½ / ln(1 − z) steps', async () => {
    const { layers: seen } = await gradientFlow(still(-4, 4), { x, y: tf.ones([B, 1]) });
    const { gates, halfLife } = seen[0]!;
    const z = 1 / (1 + Math.exp(4));
    expect(gates.z).toMatchObject({ low: 1, high: 0, saturated: 1 });
    expect(gates.z!.mean).toBeCloseTo(z, 6);
    expect(gates.r).toMatchObject({ low: 0, high: 1, saturated: 1 });
    expect(gates.n).toMatchObject({ low: 0, high: 0, saturated: 0, mean: 0 });
    expect(halfLife![0]! / (Math.log(0.5) / Math.log(1 - z))).toBeCloseTo(1, 4);
    const near = await gradientFlow(still(-4, 4), { x, y: tf.ones([B, 1]) }, { within: 0.01 });
    expect(near.layers[0]!.gates.z!.saturated).toBe(0);
  });

  it.each([false, true])('padded steps do not count, reverse: %s', async (reverse) => {
    const n = 2;
    const config = { units: H, seed: 1, biasInitializer: 'uniform' as const, reverse };
    const flow = async (first: ReturnType<typeof layers.masking>[], input: tf.Tensor) => {
      const layer = lstm({ ...config, ...(first.length > 0 ? {} : { inputShape: [null, I] }) });
      const model = sequential({ layers: [...first, layer] });
      return (await gradientFlow(model, { x: input, y: tf.ones([B, H]) })).layers[0]!;
    };
    const real = tf.tensor([1, 1, 0, 0, 0, 0], [1, T, 1]);
    const padded = await flow([layers.masking({ inputShape: [T, I] })], tf.mul(x, real));
    const cut = await flow([], tf.slice(x, [0, 0, 0], [B, n, I]));
    expect(padded.gates).toEqual(cut.gates);
    expect(padded.halfLife).toEqual(cut.halfLife);
    expect(padded.gradients.c!.slice(0, n)).toEqual(cut.gradients.c);
  });

  it('a cell that keeps nothing but through R has no half-life; an additive one for ever', async () => {
    const of = async (cell: string) => {
      const model = sequential({ layers: [recurrent({ cell, units: 2, inputShape: [T, I] })] });
      return (await gradientFlow(model, { x, y })).layers[0]!;
    };
    expect((await of('vanilla')).halfLife).toBeNull();
    expect(Object.keys((await of('vanilla')).gates)).toEqual(['h']);
    expect((await of('additive')).halfLife).toEqual([Infinity, Infinity]);
  });
});

it('says that a model has none', async () => {
  const model = sequential({ layers: [layers.simpleRNN({ units: 2, inputShape: [T, I] })] });
  await expect(gradientFlow(model, { x, y })).rejects.toThrow(/GW_INSPECT_LAYERS/);
  await expect(
    gradientFlow(sequential({ layers: [vanilla({ units: 2, inputShape: [T, I] })] }), { x, y }),
  ).resolves.toBeTruthy();
});

it('keeps the first rows of a call, with all that belongs to them', async () => {
  const { keepCall, gatesOf, disposeCall } = await import('./calls.js');
  const [B, T, H] = [5, 4, 3];
  const args = {
    x: tf.randomNormal([B, T, 2], 0, 1, 'float32', 1),
    W: tf.randomNormal([2, 4 * H], 0, 1, 'float32', 2),
    R: tf.randomNormal([H, 4 * H], 0, 1, 'float32', 3),
    b: tf.zeros([4 * H]),
    state0: { h: tf.ones([B, H]), c: tf.randomNormal([B, H], 0, 3, 'float32', 4) },
    mask: tf.tensor2d(
      Array.from({ length: B * T }, (_, i) => Number(i % 7 > 0)),
      [B, T],
      'bool',
    ),
  };
  const call = { layer: 'a', cell: lstmCell, args };
  const before = tf.memory().numTensors;
  const first = keepCall(call, 2);
  expect([first.args.x.shape[0], first.args.mask?.shape[0], first.args.state0?.c?.shape[0]]).toEqual([
    2, 2, 2,
  ]);
  const two = { ...args, x: tf.slice(args.x, 0, 2), mask: tf.slice(args.mask, 0, 2) };
  const state0 = { h: tf.slice(args.state0.h, 0, 2), c: tf.slice(args.state0.c, 0, 2) };
  const wanted = await gatesOf({ ...call, args: { ...two, state0 } });
  expect(await gatesOf(first)).toEqual(wanted);
  tf.dispose([two.x, two.mask, state0.h, state0.c]);
  disposeCall(first);
  expect(tf.memory().numTensors).toBe(before);
});
