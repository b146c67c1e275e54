import { GatewiseError } from '@gatewise/core';
import { definePlugin } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs';
import { serveTraining, type TrainingJob } from '../src/index.js';

export interface Asked {
  readonly mode: 'learn' | 'endless' | 'none' | 'coded' | 'plain' | 'plugin' | 'uncaught' | 'exit' | 'send';
  readonly epochs?: number;
}

/** Four rows of y = 2x + 1. */
function* batches() {
  for (let i = 0; i < 5; i++) {
    const x = tf.tensor2d([i / 5, i / 7, -i / 5, 0.5], [4, 1]);
    yield { x, y: tf.tidy(() => tf.add(tf.mul(x, 2), 1)) };
  }
}
function* endless() {
  for (;;) yield* batches();
}
const failing = definePlugin('failing', () => ({
  onBatchEnd() {
    throw new GatewiseError('GW_TEST_HOOK', 'got a step, wanted none');
  },
}));
const act: Partial<Record<Asked['mode'], () => unknown>> = {
  none: () => 'nothing',
  coded: () => {
    throw new GatewiseError('GW_TEST_CODED', 'got this, wanted that', { cause: new RangeError('below') });
  },
  plain: () => {
    throw new TypeError('a plain one');
  },
  uncaught: () =>
    new Promise(() =>
      setTimeout(() => {
        throw new Error('thrown aside');
      }),
    ),
  exit: () =>
    'process' in globalThis ? process.exit(3) : (globalThis as unknown as { close(): void }).close(),
};

/** The worker of the tests, in Node and in a page. */
serveTraining(async ({ options, port }: TrainingJob<Asked>) => {
  const { mode, epochs = 2 } = options;
  await tf.setBackend('cpu');
  if (act[mode]) return act[mode]();
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1], name: 'line' })] });
  if (mode === 'send') port.send({ hello: [1, 2] });
  const result = await port.train(model, mode === 'endless' ? endless : batches, {
    ...{ loss: 'meanSquaredError', epochs, optimizer: tf.train.sgd(0.3), validation: batches },
    plugins: mode === 'plugin' ? [failing({})] : [],
  });
  const weight = model.getWeights()[0]!.dataSync()[0];
  model.dispose();
  return { steps: result.steps, weight };
});
