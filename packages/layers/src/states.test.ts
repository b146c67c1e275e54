import '@tensorflow/tfjs';
import { lstm as lstmCell } from '@gatewise/cells';
import { recurStates } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { input, loadLayersModel, model, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { gru, lstm, vanilla } from './recurrent.js';
import { RecurrentLayer } from './recurrent-layer.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
type Symbolic = ReturnType<typeof input>;
const [B, T, I, H] = [2, 4, 3, 5];
const x = tf.randomNormal([B, T, I], 0, 1, 'float32', 1);
const shapes = (out: unknown) => (out as tf.Tensor[]).map((t) => t.shape);

describe('returnStateSequences', () => {
  it('gives h and c at every step, after y and the final states', () => {
    const layer = lstm({ units: H, seed: 1, returnState: true, returnStateSequences: true });
    const out = layer.apply(x) as tf.Tensor[];
    expect(shapes(out)).toEqual([
      [B, H],
      [B, H],
      [B, H],
      [B, T, H],
      [B, T, H],
    ]);
    const [W, R, b] = layer.getWeights();
    const { sequences } = recurStates(lstmCell, { x, W: W!, R: R!, b: b! });
    expect(out[3]!.arraySync()).toEqual(sequences.h!.arraySync());
    expect(out[4]!.arraySync()).toEqual(sequences.c!.arraySync());
    const [y, h] = gru({ units: H, seed: 1, returnSequences: true, returnStateSequences: true }).apply(
      x,
    ) as tf.Tensor[];
    expect(h!.arraySync()).toEqual(y!.arraySync());
  });

  it('in a model', () => {
    const xi = input({ shape: [null, I] });
    const layer = lstm({ units: H, returnStateSequences: true });
    const outputs = layer.apply(xi) as Symbolic[];
    expect(outputs.map((o) => o.shape)).toEqual([
      [null, H],
      [null, null, H],
      [null, null, H],
    ]);
    expect(shapes(model({ inputs: xi, outputs }).predict(x))).toEqual([
      [B, H],
      [B, T, H],
      [B, T, H],
    ]);
  });
});

describe('learnedState', () => {
  it('starts from zeros, is a weight, learns, and is saved', async () => {
    const plain = lstm({ units: H, seed: 1, inputShape: [null, I] });
    const layer = lstm({ units: H, seed: 1, learnedState: true, inputShape: [null, I] });
    const net = sequential({ layers: [layer] });
    expect((net.predict(x) as tf.Tensor).arraySync()).toEqual((plain.apply(x) as tf.Tensor).arraySync());
    expect(layer.weights.map((w) => w.originalName.split('/').at(-1))).toEqual([
      'kernel',
      'recurrent_kernel',
      'bias',
      'initial_h',
      'initial_c',
    ]);
    net.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    await net.fit(x, tf.ones([B, H]), { epochs: 2, verbose: 0 });
    const [h0, c0] = layer.getWeights().slice(3);
    for (const t of [h0!, c0!]) expect(tf.max(tf.abs(t)).arraySync()).toBeGreaterThan(0);
    let saved: unknown;
    const keep = async (artifacts: tf.io.ModelArtifacts) => {
      saved = artifacts;
      return {} as tf.io.SaveResult;
    };
    await net.save(tf.io.withSaveHandler(keep));
    const loaded = await loadLayersModel(tf.io.fromMemory(saved as tf.io.ModelArtifacts));
    expect((loaded.predict(x) as tf.Tensor).arraySync()).toEqual((net.predict(x) as tf.Tensor).arraySync());
  });

  it('a given state comes before it, and a row of length 0 ends with it', () => {
    const layer = vanilla({ units: H, seed: 1, learnedState: true });
    layer.apply(x);
    const weights = layer.getWeights();
    layer.setWeights([...weights.slice(0, 3), tf.fill([H], 0.5)]);
    const given = layer.apply(x, { initialState: [tf.zeros([B, H])] }) as tf.Tensor;
    const plain = vanilla({ units: H, seed: 1 }).apply(x) as tf.Tensor;
    expect(given.arraySync()).toEqual(plain.arraySync());
    const none = layer.apply(x, { lengths: [0, T] }) as tf.Tensor2D;
    expect(none.arraySync()[0]).toEqual(Array(H).fill(0.5));
  });
});

it('the initialisers are found again by name in a saved layer', async () => {
  const layer = lstm({
    units: H,
    inputShape: [null, I],
    biasInitializer: 'chrono',
    memoryLength: 40,
    seed: 3,
  });
  const net = sequential({ layers: [layer] });
  const bias = (await layer.getWeights()[2]!.data()) as Float32Array;
  expect(bias.slice(H, 2 * H).every((v) => v > 0)).toBe(true);
  const config = structuredClone(layer.getConfig());
  const again = RecurrentLayer.fromConfig(RecurrentLayer as never, config) as unknown as RecurrentLayer;
  expect(again.settings).toMatchObject({ biasInitializer: 'chrono', memoryLength: 40, forgetBias: 0 });
  again.apply(tf.zeros([1, 1, I]));
  expect(await again.getWeights()[2]!.data()).toEqual(bias);
  net.dispose();
});
