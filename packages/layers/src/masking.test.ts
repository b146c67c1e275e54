import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { input, layers, model, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { gru, lstm, vanilla } from './recurrent.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

type Symbolic = ReturnType<typeof input>;
const H = 4;
// row 0 has 3 real steps of 5, row 1 has all
const real = tf.randomNormal([2, 5, 2], 0, 1, 'float32', 1) as tf.Tensor3D;
const mask = tf.tensor2d([1, 1, 1, 0, 0, 1, 1, 1, 1, 1], [2, 5], 'bool');
const steps = tf.expandDims(mask, 2);
const padded = (value: number) => tf.where(tf.tile(steps, [1, 1, 2]), real, tf.fill([2, 5, 2], value));
/** Row 0 alone and without its padding. */
const short = tf.slice(real, [0, 0, 0], [1, 3, 2]);
const rowOf = (t: tf.Tensor, b: number) => (t.arraySync() as number[][])[b]!;
const config = { units: H, seed: 1 };

describe.each([
  ['forward', false],
  ['reverse', true],
])('padded steps do not matter, %s', (_, reverse) => {
  it.each([Number.NaN, 0, 1e30])('whatever is there: %d', (value) => {
    const layer = lstm({ ...config, reverse });
    const got = layer.apply(padded(value), { mask }) as tf.Tensor;
    expect(rowOf(got, 0)).toEqual(rowOf(layer.apply(short) as tf.Tensor, 0));
    expect(rowOf(got, 1)).toEqual(rowOf(layer.apply(real) as tf.Tensor, 1));
  });

  it('Masking of tf.layers', () => {
    const net = sequential();
    net.add(layers.masking({ maskValue: -7, inputShape: [null, 2] }));
    const layer = gru({ ...config, reverse });
    net.add(layer);
    const got = net.predict(padded(-7)) as tf.Tensor;
    expect(rowOf(got, 0)).toEqual(rowOf(layer.apply(short) as tf.Tensor, 0));
  });

  it('Embedding({ maskZero }) of tf.layers, with NaN for the padding id, in training too', async () => {
    const net = sequential();
    const embedding = layers.embedding({ inputDim: 4, outputDim: 2, maskZero: true });
    const layer = gru({ ...config, reverse, returnSequences: true });
    net.add(embedding);
    net.add(layer);
    net.add(gru({ ...config, reverse }));
    embedding.setWeights([tf.tensor2d([NaN, NaN, 0.1, -0.2, 0.3, 0.4, -0.5, 0.6], [4, 2])]);
    const ids = tf.tensor2d([1, 2, 3, 0, 0, 3, 2, 1, 2, 3], [2, 5], 'int32');
    const got = net.predict(ids) as tf.Tensor;
    const alone = net.predict(tf.tensor2d([1, 2, 3], [1, 3], 'int32')) as tf.Tensor;
    expect(rowOf(got, 0)).toEqual(rowOf(alone, 0));
    net.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    await net.fit(ids, tf.ones([2, H]), { epochs: 2, verbose: 0 });
    for (const weight of layer.getWeights()) expect(tf.all(tf.isFinite(weight)).arraySync()).toBe(1);
    const table = embedding.getWeights()[0]! as tf.Tensor2D;
    expect(tf.all(tf.isFinite(tf.slice(table, [1, 0], [3, 2]))).arraySync()).toBe(1);
  });
});

describe('outputs at masked steps', () => {
  it('are zeros, or held', () => {
    const sequence = (padding: 'zeros' | 'hold') =>
      (
        lstm({ ...config, returnSequences: true, padding }).apply(padded(0), { mask }) as tf.Tensor3D
      ).arraySync();
    const [zeros, hold] = [sequence('zeros')[0]!, sequence('hold')[0]!];
    expect(zeros.slice(0, 3)).toEqual(hold.slice(0, 3));
    expect(zeros.slice(3)).toEqual([Array(H).fill(0), Array(H).fill(0)]);
    expect(hold.slice(3)).toEqual([hold[2], hold[2]]);
  });

  it('the final states are those of the last real step', () => {
    const layer = lstm({ ...config, returnState: true });
    const masked = layer.apply(padded(NaN), { mask }) as tf.Tensor[];
    const alone = layer.apply(short) as tf.Tensor[];
    expect(masked.map((t) => rowOf(t, 0))).toEqual(alone.map((t) => rowOf(t, 0)));
  });
});

describe('computeMask', () => {
  const x = tf.zeros([2, 5, 2]);
  it('passes the mask on with the sequence, never with a state', () => {
    const of = (c: object) => lstm({ ...config, ...c }).computeMask(x, mask);
    expect(of({ returnSequences: true })).toBe(mask);
    expect(of({ returnSequences: false })).toBeNull();
    expect(of({ returnSequences: true, returnState: true })).toEqual([mask, null, null]);
    expect(of({ returnState: true })).toEqual([null, null, null]);
    expect(lstm({ ...config, returnSequences: true }).computeMask(x)).toBeNull();
  });

  it('a second layer is masked through the first', () => {
    const net = sequential();
    net.add(layers.masking({ maskValue: 9, inputShape: [null, 2] }));
    net.add(lstm({ ...config, returnSequences: true }));
    net.add(layers.dropout({ rate: 0.5 }));
    net.add(vanilla({ units: 3, seed: 2 }));
    const got = net.predict(padded(9)) as tf.Tensor;
    expect(rowOf(got, 0)).toEqual(rowOf(net.predict(short) as tf.Tensor, 0));
  });
});

describe('a mask of another branch is not taken for ours', () => {
  it('a decoder of a masked encoder, on its own input', () => {
    const [x, d] = [input({ shape: [null, 2] }), input({ shape: [null, 2] })];
    const masked = layers.masking({ maskValue: 0 }).apply(x) as Symbolic;
    const encoder = gru({ ...config, returnState: true });
    const [, h] = encoder.apply(masked) as Symbolic[];
    const decoder = gru({ ...config, seed: 2, returnSequences: true });
    const net = model({ inputs: [x, d], outputs: decoder.apply([d, h!]) as Symbolic });
    const [, state] = encoder.apply(padded(0), { mask }) as tf.Tensor[];
    const wanted = decoder.apply(real, { initialState: [state!] }) as tf.Tensor;
    expect((net.predict([padded(0), real]) as tf.Tensor).arraySync()).toEqual(wanted.arraySync());
  });

  it('a decoder behind repeatVector', () => {
    const net = sequential();
    net.add(layers.masking({ maskValue: 0, inputShape: [null, 2] }));
    const encoder = gru(config);
    const decoder = gru({ ...config, seed: 2, returnSequences: true });
    net.add(encoder);
    net.add(layers.repeatVector({ n: 5 }));
    net.add(decoder);
    const h = encoder.apply(padded(0), { mask }) as tf.Tensor;
    const wanted = decoder.apply(tf.tile(tf.expandDims(h, 1), [1, 5, 1])) as tf.Tensor;
    expect((net.predict(padded(0)) as tf.Tensor).arraySync()).toEqual(wanted.arraySync());
  });
});

describe('a mask from outside the model', () => {
  it('model.apply(x, { mask })', () => {
    const layer = gru(config);
    const inner = sequential();
    inner.add(layers.dense({ units: 2, inputShape: [null, 2] }));
    inner.add(layer);
    const got = inner.apply(padded(3), { mask }) as tf.Tensor;
    expect(rowOf(got, 0)).toEqual(rowOf(inner.apply(short) as tf.Tensor, 0));
  });

  it('an outer model that masks', () => {
    const inner = sequential({ layers: [gru({ ...config, inputShape: [null, 2] })] });
    const outer = sequential({ layers: [layers.masking({ maskValue: 9, inputShape: [null, 2] }), inner] });
    const got = outer.predict(padded(9)) as tf.Tensor;
    expect(rowOf(got, 0)).toEqual(rowOf(inner.predict(short) as tf.Tensor, 0));
  });
});
