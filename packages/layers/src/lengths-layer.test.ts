import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { input, layers, loadLayersModel, model } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { withLengths } from './lengths-layer.js';
import { lstm } from './recurrent.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
type Symbolic = ReturnType<typeof input>;
const [T, I, H] = [5, 2, 3];
const lengths = [5, 2, 0];
const x = tf.randomNormal([3, T, I], 0, 1, 'float32', 1);
const row = (t: tf.Tensor, b: number) => (t.arraySync() as number[][])[b]!;

describe.each([false, true])('reverse %s', (reverse) => {
  const layer = lstm({ units: H, seed: 1, reverse });
  const alone = (b: number) =>
    lengths[b] === 0
      ? Array(H).fill(0)
      : row(layer.apply(tf.slice(x, [b, 0, 0], [1, lengths[b]!, I])) as tf.Tensor, 0);

  it('apply(x, { lengths })', () => {
    tf.dispose(layer.apply(x, { lengths }) as tf.Tensor);
    const before = tf.memory().numTensors;
    const got = layer.apply(x, { lengths }) as tf.Tensor;
    expect(tf.memory().numTensors).toBe(before + 1);
    for (const b of lengths.keys()) expect(row(got, b)).toEqual(alone(b));
  });

  it('a model with lengths as an input: predict, evaluate, fit, save and load', async () => {
    const [xi, li] = [input({ shape: [null, I] }), input({ shape: [1] })];
    const y = layer.apply(withLengths().apply([xi, li]) as Symbolic) as Symbolic;
    const net = model({ inputs: [xi, li], outputs: y });
    const L = tf.tensor2d(lengths, [3, 1]);
    const got = net.predict([x, L]) as tf.Tensor;
    for (const b of lengths.keys()) expect(row(got, b)).toEqual(alone(b));
    let saved: unknown;
    const keep = async (artifacts: tf.io.ModelArtifacts) => {
      saved = artifacts;
      return {} as tf.io.SaveResult;
    };
    await net.save(tf.io.withSaveHandler(keep));
    const loaded = await loadLayersModel(tf.io.fromMemory(saved as tf.io.ModelArtifacts));
    expect((loaded.predict([x, L]) as tf.Tensor).arraySync()).toEqual(got.arraySync());
    net.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const wanted = tf.zeros([3, H]);
    const before = await (net.evaluate([x, L], wanted) as tf.Scalar).data();
    await net.fit([x, L], wanted, { epochs: 3, verbose: 0 });
    const after = await (net.evaluate([x, L], wanted) as tf.Scalar).data();
    expect(after[0]!).toBeLessThan(before[0]!);
  });
});

it('passes through an embedding, and says what it misses', () => {
  const [ids, li] = [input({ shape: [null], dtype: 'int32' }), input({ shape: [1] })];
  const table = layers.embedding({ inputDim: 4, outputDim: I });
  const layer = lstm({ units: H, seed: 1 });
  const net = model({
    inputs: [ids, li],
    outputs: layer.apply(withLengths().apply([table.apply(ids) as Symbolic, li]) as Symbolic) as Symbolic,
  });
  const got = net.predict([tf.tensor2d([[1, 2, 3]], [1, 3], 'int32'), tf.tensor2d([[2]])]) as tf.Tensor;
  const short = net.predict([tf.tensor2d([[1, 2]], [1, 2], 'int32'), tf.tensor2d([[2]])]) as tf.Tensor;
  expect(got.arraySync()).toEqual(short.arraySync());
  expect(() => withLengths().apply(input({ shape: [null, I] }))).toThrow(/GW_LAYER_SHAPE/);
  expect(() => layer.apply(input({ shape: [null, I] }), { lengths: [1] })).toThrow(/GW_LAYER_LENGTHS/);
});
