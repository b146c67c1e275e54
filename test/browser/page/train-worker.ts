import { GatewiseError } from '@gatewise/core';
import { lstm } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { memoryStore, Tokens } from '@gatewise/plugin';
import { runSummary } from '@gatewise/plugin-run-summary';
import { serveTraining } from '@gatewise/trainer-worker';
import * as tf from '@tensorflow/tfjs';
import { Container } from 'inversify';
import { backend } from './backend.js';

type Mode = 'learn' | 'endless' | 'coded' | 'close' | 'uncaught';

/** Is the sum of 20 numbers positive? */
function* batches() {
  for (let seed = 1; seed <= 30; seed++) {
    const x = tf.randomNormal([32, 20, 1], 0, 1, 'float32', seed);
    yield { x, y: tf.tidy(() => tf.cast(tf.reshape(tf.greater(tf.sum(x, 1), 0), [32]), 'int32')) };
  }
}
function* endless() {
  for (;;) yield* batches();
}

serveTraining<{ mode: Mode }>(async ({ options: { mode }, port }) => {
  if (mode === 'coded') throw new GatewiseError('GW_TEST_CODED', 'got this, wanted that');
  if (mode === 'close') close();
  if (mode === 'uncaught') setTimeout(() => thrown());
  if (mode === 'close' || mode === 'uncaught') await new Promise(() => {});
  await backend('cpu');
  const model = tf.sequential({
    layers: [lstm({ units: 64, seed: 1, inputShape: [20, 1] }), tf.layers.dense({ units: 2 })],
  });
  const [store, container] = [memoryStore(), new Container()];
  container.bind(Tokens.Store).toConstantValue(store);
  await port.train(model, mode === 'endless' ? endless : batches, {
    ...{ loss: 'softmaxCrossEntropy', epochs: 4, seed: 1 },
    ...{ optimizer: adam({ learningRate: 0.01 }), container, plugins: [runSummary({ folder: 'run' })] },
  });
  const weight = (await model.trainableWeights[0]?.read().data())?.[0];
  return { weight, run: new TextDecoder().decode(await store.read('run/run.json')) };
});

function thrown(): never {
  throw new Error('thrown aside');
}
