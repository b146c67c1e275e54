import { gradientFlow } from '@gatewise/inspect';
import { gru, lstm } from '@gatewise/layers';
import { currentRun } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { line, plugin, points } from '../test/fixtures.js';
import { train } from './index.js';
import { deviceNorms, StateGradients } from './state-gradients.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

it('takes norms over batch and units, for each step and state', async () => {
  const stats = new StateGradients();
  // B = 2, T = 2, S = 2, H = 2
  const d = tf.tensor3d([3, 4, 0, 0, 1, 0, 1e-25, 0, 0, 0, 1, 1, 0, 0, 0, 1e-25], [2, 2, 4]);
  const before = tf.memory().numTensors;
  tf.tidy(() => stats.add('lstm', d, ['h', 'c']));
  tf.tidy(() => stats.add('lstm', d, ['h', 'c']));
  const got = await (stats.stateGradients.lstm as tf.Tensor).array();
  expect(got).toEqual([
    [5, Math.fround(Math.SQRT2)],
    [1, expect.closeTo(Math.SQRT2 * 1e-25, 31)],
  ]);
  expect(stats.states).toEqual({ lstm: ['h', 'c'] });
  // and by ops, as where the numbers lie on a device
  const byOps = tf.tidy(() => deviceNorms(tf.reshape(d, [2, 2, 2, 2])));
  expect(await byOps.array()).toEqual((got as number[][]).map((row) => row.map((v) => expect.closeTo(v, 6))));
  byOps.dispose();
  stats.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

it('reaches beforeUpdate on steps where someone asked, and lives until it returns', async () => {
  const model = line();
  const layered: typeof model = {
    ...model,
    loss(batch, training) {
      const run = currentRun();
      // Stands for a recurrent layer: hands over its state gradients in the backward pass.
      const layer = tf.customGrad((x) => ({
        value: tf.clone(x as tf.Tensor),
        gradFunc: (dy: tf.Tensor) => {
          run?.onStateGradients?.('lstm', tf.ones([1, 3, 4]), ['h', 'c']);
          return dy;
        },
      }));
      return layer(model.loss(batch, training)) as tf.Scalar;
    },
  };
  const seen: unknown[] = [];
  const flow = plugin('flow', {
    provideProbe: ({ step }) => step === 1,
    async beforeUpdate({ stateGradients, states }) {
      await Promise.resolve();
      const layers = Object.entries(stateGradients);
      for (const [name, norms] of layers)
        seen.push([name, norms.shape, [...(await norms.data())], states[name]]);
      if (layers.length === 0) seen.push('none');
    },
  });
  const before = tf.memory().numTensors;
  const optimizer = tf.train.sgd(0.1);
  await train(layered, points(3), { epochs: 1, optimizer, plugins: [flow] });
  const root = Math.fround(Math.SQRT2);
  expect(seen).toEqual(['none', ['lstm', [3, 2], [root, root, root, root, root, root], ['h', 'c']], 'none']);
  optimizer.dispose();
  expect(tf.memory().numTensors).toBe(before);
});

it('tells how gates are used on steps where someone asked', async () => {
  const model = tf.sequential({
    layers: [
      lstm({ units: 3, inputShape: [4, 2], seed: 1, name: 'memory', forgetBias: 9, returnSequences: true }),
      gru({ units: 2, seed: 1, name: 'top' }),
      tf.layers.dense({ units: 1, name: 'head' }),
    ],
  });
  const batch = () => ({ x: tf.randomNormal([2, 4, 2], 0, 1, 'float32', 1), y: tf.ones([2, 1]) });
  const wanted = await gradientFlow(model, batch());
  const seen: unknown[] = [];
  const read = plugin('read', {
    provideProbe: ({ step }) => step === 0,
    async beforeUpdate(stats) {
      seen.push(await stats.gates());
      expect(await stats.gates()).toBe(seen.at(-1));
    },
  });
  const optimizer = tf.train.sgd(0);
  const run = () =>
    train(model, () => [batch(), batch()], {
      ...{ loss: 'meanSquaredError', epochs: 1, optimizer, plugins: [read] },
    });
  await run();
  expect(seen).toEqual([Object.fromEntries(wanted.layers.map(({ layer, gates }) => [layer, gates])), {}]);
  expect(seen[0]).toMatchObject({ memory: { f: { high: 1, low: 0 } } });
  const before = tf.memory().numTensors;
  await run();
  expect(tf.memory().numTensors).toBe(before);
});
