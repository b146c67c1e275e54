import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { carried, evaluate, type MetricName, train } from './index.js';

const metrics: readonly MetricName[] = [
  ...(['accuracy', 'tokenErrorRate', 'sequenceAccuracy', 'crossEntropy', 'perplexity'] as const),
  ...(['bitsPerCharacter', 'top2Accuracy'] as const),
];
/** z = x W over [B,T,2]: logits of three classes. */
function network(): tf.LayersModel {
  const weights = tf.tensor2d([1, -2, 0.5, 2, 1, -1], [2, 3]);
  const layer = tf.layers.dense({ units: 3, useBias: false, inputShape: [4, 2] });
  const model = tf.sequential({ layers: [layer] });
  layer.setWeights([weights]);
  return model;
}
function* batches() {
  for (let i = 1; i <= 5; i++) {
    const x = tf.tensor3d(
      Array.from({ length: 24 }, (_, n) => Math.sin(i * n)),
      [3, 4, 2],
    );
    const y = tf.tensor2d(
      Array.from({ length: 12 }, (_, n) => (n * i) % 3),
      [3, 4],
      'int32',
    );
    yield { x, y, lengths: [4, i % 4, 2] };
  }
}

describe('metrics', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  it('are the same on another backend, with lengths and class weights', async () => {
    const score = (classWeights: readonly number[]) =>
      evaluate(network(), batches, { loss: 'softmaxCrossEntropy', classWeights, metrics });
    const weights = [1, 0.5, 3];
    const wanted = await score(weights);
    expect(await tf.setBackend('wasm')).toBe(true);
    const got = await score(weights);
    expect(Object.keys(got)).toEqual(['loss', ...metrics]);
    for (const [name, value] of Object.entries(wanted)) expect(got[name], name).toBeCloseTo(value, 4);
    await tf.setBackend('cpu');
  });

  it('cost no read in a step: sums stay on the device until the epoch is over', async () => {
    const optimizer = tf.train.sgd(0.1);
    const backend = tf.backend();
    const read = backend.read.bind(backend);
    let reads = 0;
    backend.read = (dataId) => {
      reads++;
      return read(dataId);
    };
    const run = (asked: readonly MetricName[]) => {
      reads = 0;
      return train(network(), batches, { loss: 'softmaxCrossEntropy', epochs: 2, optimizer, metrics: asked });
    };
    await run([]);
    const without = reads;
    await run(metrics);
    backend.read = read;
    expect(without).toBeGreaterThan(0);
    expect(reads).toBe(without);
  });

  it('come from models that carry states too', async () => {
    const x = tf.input({ shape: [2] });
    const h = tf.input({ shape: [3] });
    const joined = tf.layers.concatenate().apply([x, h]) as tf.SymbolicTensor;
    const z = tf.layers.dense({ units: 3 }).apply(joined) as tf.SymbolicTensor;
    const model = tf.model({
      inputs: [x, h],
      outputs: [z, tf.layers.activation({ activation: 'tanh' }).apply(z) as tf.SymbolicTensor],
    });
    const rows = () => [{ x: tf.ones([4, 2]), y: tf.tensor1d([0, 1, 2, 0], 'int32') }];
    const loss = 'softmaxCrossEntropy';
    const got = await evaluate(carried(model, { loss }), rows(), { metrics: ['accuracy', 'crossEntropy'] });
    expect(got.crossEntropy).toBeCloseTo(got.loss, 6);
    expect([0.25, 0.5]).toContain(got.accuracy);
  });
});
