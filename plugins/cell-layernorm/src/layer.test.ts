import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type LayerNormConfig, layerNormLstm, lstmLayerNorm } from './index.js';

beforeEach(async () => {
  await tf.setBackend('cpu');
  vi.spyOn(console, 'warn').mockReturnValue();
});
afterEach(() => void vi.restoreAllMocks());

const [B, T, I, H] = [2, 5, 3, 4];
const x = tf.randomNormal([B, T, I], 0, 1, 'float32', 1);
const weightsOf = (layer: ReturnType<typeof layerNormLstm>) => {
  const [W, R, b, gx, gh, gc, bc] = layer.getWeights();
  return { W: W!, R: R!, b: b!, gx: gx!, gh: gh!, gc: gc!, bc: bc! };
};

it('gives what the function gives, with states, in reverse', () => {
  for (const reverse of [false, true]) {
    const layer = layerNormLstm({ units: H, returnSequences: true, returnState: true, reverse, seed: 3 });
    const state0 = { h: tf.fill([B, H], 0.3), c: tf.fill([B, H], -0.2) };
    const [y, h, c] = layer.apply(x, { initialState: [state0.h, state0.c] }) as tf.Tensor[];
    const wanted = lstmLayerNorm({ x, ...weightsOf(layer), state0, reverse });
    expect(y!.arraySync()).toEqual(wanted.y.arraySync());
    expect(h!.arraySync()).toEqual(wanted.final.h.arraySync());
    expect(c!.arraySync()).toEqual(wanted.final.c.arraySync());
  }
});

it('starts with gains of 1 and a forget bias of 1', () => {
  const layer = layerNormLstm({ units: 2 });
  layer.apply(x);
  const { b, gx, gc, bc } = weightsOf(layer);
  expect(b.arraySync()).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
  expect([gx, gc, bc].map((t) => t.arraySync())).toEqual([Array(8).fill(1), [1, 1], [0, 0]]);
});

it('in a model it takes masks, learns, is saved and loaded, and leaks nothing', async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.masking({ inputShape: [T, I] }),
      layerNormLstm({ units: H, seed: 1 }),
      tf.layers.dense({ units: 1, kernelInitializer: 'ones' }),
    ],
  });
  const padded = tf.mul(x, tf.tensor([1, 1, 1, 0, 0], [1, T, 1]));
  const short = lstmLayerNorm({
    x: tf.slice(x, [0, 0, 0], [B, 3, I]),
    ...weightsOf(model.layers[1] as ReturnType<typeof layerNormLstm>),
  }).final.h;
  const got = (model.predict(padded) as tf.Tensor).dataSync() as Float32Array;
  const wanted = tf.sum(short, 1).dataSync();
  for (const [n, v] of got.entries()) expect(v).toBeCloseTo(wanted[n]!, 5);
  model.compile({ optimizer: tf.train.adam(0.05), loss: 'meanSquaredError' });
  const { history } = await model.fit(x, tf.ones([B, 1]), { epochs: 20, verbose: 0 });
  const loss = history.loss as number[];
  expect(loss.at(-1)!).toBeLessThan(0.5 * loss[0]!);
  const before = tf.memory().numTensors;
  tf.dispose(model.predict(padded));
  expect(tf.memory().numTensors).toBe(before);
  let saved: tf.io.ModelArtifacts | undefined;
  const keep = async (artifacts: tf.io.ModelArtifacts) => {
    saved = artifacts;
    return {} as tf.io.SaveResult;
  };
  await model.save(tf.io.withSaveHandler(keep));
  const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved!));
  expect((loaded.predict(x) as tf.Tensor).arraySync()).toEqual((model.predict(x) as tf.Tensor).arraySync());
});

it('says what is wrong', () => {
  expect(() => layerNormLstm({ units: 2, activation: 'tanh' } as LayerNormConfig)).toThrow(
    /GW_LAYERNORM_OPTION: .*got the unknown option "activation"/,
  );
  expect(() => layerNormLstm({ units: 0 })).toThrow(/GW_LAYERNORM_OPTION: .*got units = 0/);
  expect(() => layerNormLstm({ units: 2 }).apply(tf.zeros([2, 3]))).toThrow(/GW_LAYERNORM_SHAPE/);
});
