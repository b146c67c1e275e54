import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { input, layers, model, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { gru, lstm } from './recurrent.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const I = 6;
const ids = tf.tensor2d([0, 5, 2, 2, 3, 1, 4, 0], [2, 4], 'int32');
const hot = tf.oneHot(ids, I);
const close = (a: tf.Tensor, b: tf.Tensor) =>
  expect(tf.max(tf.abs(tf.sub(a, b))).arraySync() as number).toBeLessThan(1e-6);

describe('int32 ids [B, T]', () => {
  const config = { units: 4, seed: 1, returnSequences: true };
  it('give what their one-hot rows give', () => {
    const byId = lstm({ ...config, inputDim: I }).apply(ids) as tf.Tensor;
    close(byId, lstm(config).apply(hot) as tf.Tensor);
  });

  it('and the same gradient of W', () => {
    const gradient = (layer: ReturnType<typeof lstm>, x: tf.Tensor) => {
      layer.apply(x);
      const { grads } = tf.variableGrads(() => tf.sum(tf.square(layer.apply(x) as tf.Tensor)));
      return grads[layer.weights[0]!.name]!;
    };
    close(gradient(lstm({ ...config, inputDim: I }), ids), gradient(lstm(config), hot));
  });

  it('need no input shape as first layer, and take any length', () => {
    const net = sequential({ layers: [lstm({ ...config, inputDim: I })] });
    expect(net.inputs[0]!.shape).toEqual([null, null]);
    expect(net.inputs[0]!.dtype).toBe('int32');
    expect((net.predict(ids) as tf.Tensor).shape).toEqual([2, 4, 4]);
    expect((net.predict(tf.tensor2d([[1, 2]], [1, 2], 'int32')) as tf.Tensor).shape).toEqual([1, 2, 4]);
  });

  it('may come through a float input', () => {
    const x = input({ shape: [null] });
    type Symbolic = typeof x;
    const layer = lstm({ ...config, inputDim: I });
    const net = model({ inputs: x, outputs: layer.apply(x) as Symbolic });
    close(net.predict(tf.cast(ids, 'float32')) as tf.Tensor, layer.apply(ids) as tf.Tensor);
  });

  it('learn', async () => {
    const net = sequential();
    net.add(gru({ units: 8, inputDim: I, seed: 1, dropout: 0.1 }));
    net.add(layers.dense({ units: I, activation: 'softmax' }));
    net.compile({ optimizer: tf.train.adam(0.05), loss: 'categoricalCrossentropy' });
    const last = tf.oneHot(tf.tensor1d([2, 0], 'int32'), I);
    const { history } = await net.fit(ids, last, { epochs: 20, verbose: 0 });
    const loss = history.loss as number[];
    expect(loss.at(-1)!).toBeLessThan(0.3 * loss[0]!);
  });

  it.each([6, -1])('outside the vocabulary are refused: %i', (id) => {
    const layer = lstm({ ...config, inputDim: I, name: 'reader' });
    expect(() => layer.apply(tf.tensor2d([[0, id]], [1, 2], 'int32'))).toThrow(
      new RegExp(`GW_LAYER_IDS: layer "reader": got the id ${id} at position 1, wanted ids from 0 to 5`),
    );
  });

  it('may be anything where they are masked', () => {
    const layer = lstm({ ...config, inputDim: I, returnSequences: false });
    const mask = tf.tensor2d([[1, 1, 0]], [1, 3], 'bool');
    const got = layer.apply(tf.tensor2d([[3, 4, -1]], [1, 3], 'int32'), { mask }) as tf.Tensor;
    close(got, layer.apply(tf.tensor2d([[3, 4]], [1, 2], 'int32')) as tf.Tensor);
  });
});

describe('input dropout on ids', () => {
  const H = 400;
  /** With no R and no bias at one step the vanilla h is tanh of a row of W, scaled or dropped. */
  it('drops whole tokens and scales the rest by 1 / (1 − p)', async () => {
    const layer = gru({ units: 1, inputDim: 2, useBias: false, dropout: 0.25, seed: 1 });
    const x = tf.zeros([H, 1], 'int32');
    const kept = layer.apply(x) as tf.Tensor;
    const wet = layer.apply(x, { training: true }) as tf.Tensor;
    layer.setWeights([tf.mul(layer.getWeights()[0]!, 4 / 3), layer.getWeights()[1]!]);
    const scaled = (await (layer.apply(x) as tf.Tensor).data())[0]!;
    const values = [...(await wet.data())];
    const dropped = values.filter((v) => v === 0).length;
    expect(dropped / H).toBeGreaterThan(0.18);
    expect(dropped / H).toBeLessThan(0.32);
    for (const v of values) if (v !== 0) expect(v).toBeCloseTo(scaled, 6);
    expect((await kept.data())[0]).not.toBeCloseTo(scaled, 3);
  });
});
