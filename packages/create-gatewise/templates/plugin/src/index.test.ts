import { pluginSuite } from '@gatewise/testing';
import { train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type MyPluginOptions, myPlugin } from './index.js';

beforeAll(() => tf.setBackend('cpu'));

pluginSuite({ describe, it }, () => myPlugin({ every: 2 }), { name: 'my-plugin' });

/** Two batches of three targets. */
async function run(options: MyPluginOptions) {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
  const batches = () => [1, 2].map(() => ({ x: tf.ones([3, 2]), y: tf.zeros([3, 1]) }));
  const plugins = [myPlugin(options)];
  const { history } = await train(model, batches, {
    loss: 'meanSquaredError',
    optimizer: tf.train.sgd(0.1),
    epochs: 1,
    plugins,
  });
  return history[0]!;
}

it('counts targets', async () => {
  expect(await run({ every: 2 })).toMatchObject({ seen: 6 });
});

it.each([0, 1.5, Number.NaN])('refuses every %d', async (every) => {
  await expect(run({ every })).rejects.toThrow(/GW_MYPLUGIN_EVERY/);
});
