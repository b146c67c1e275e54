import { random } from '@gatewise/core';
import { lstm } from '@gatewise/layers';
import { train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type DropoutOptions, dropout } from './index.js';

const [B, T, I, H] = [4, 5, 3, 6];
let model: tf.LayersModel;
beforeAll(async () => {
  await tf.setBackend('cpu');
  const layer = lstm({ units: H, returnSequences: true, inputShape: [T, I], name: 'memory', seed: 1 });
  const head = tf.layers.dense({ units: 1, kernelInitializer: 'ones', name: 'head' });
  model = tf.sequential({ layers: [layer, head] });
});

const batch = () => {
  const draw = random(3);
  const normal = (...shape: number[]) =>
    tf.tensor(Array.from({ length: tf.util.sizeFromShape(shape) }, draw.normal), shape);
  return { x: normal(B, T, I), y: normal(B, T, 1) };
};

/** Losses of three steps that leave the weights as they are, and the loss without training. */
async function losses(options: DropoutOptions | undefined, seed = 1) {
  const optimizer = tf.train.sgd(0);
  const { history } = await train(model, () => [batch()], {
    epochs: 3,
    optimizer,
    loss: 'meanSquaredError',
    seed,
    validation: () => [batch()],
    plugins: [options && dropout(options)],
  });
  optimizer.dispose();
  return { training: history.map(({ loss }) => loss), validation: history.map(({ valLoss }) => valLoss) };
}

describe('dropout in a run', () => {
  it.each([{ input: 0.4 }, { recurrent: 0.4 }, { output: 0.4 }])('%j', async (options) => {
    const without = await losses(undefined);
    const first = await losses(options);
    // Another mask each step, the same ones for the same seed, others for another, and none in validation.
    expect(new Set([...first.training, without.training[0]]).size).toBe(4);
    expect(await losses(options)).toEqual(first);
    expect((await losses(options, 2)).training).not.toEqual(first.training);
    expect(first.validation).toEqual(without.validation);
  });

  it('does nothing to other layers, or at rate 0', async () => {
    const without = await losses(undefined);
    expect(await losses({ input: 0.4, recurrent: 0.4, layers: ['other'] })).toEqual(without);
    expect(await losses({ input: 0, recurrent: 0, output: 0 })).toEqual(without);
    expect(await losses({ input: 0.4, layers: ['memory'] })).not.toEqual(without);
  });

  it('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    await losses({ input: 0.4, recurrent: 0.4, output: 0.4 });
    expect(tf.memory().numTensors).toBe(before);
  });
});
