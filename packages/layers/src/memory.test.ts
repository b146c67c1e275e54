import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { layers, type Sequential, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { gruResetAfter, lstm } from './recurrent.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const rates = { dropout: 0.2, recurrentDropout: 0.2, outputDropout: 0.2, zoneout: 0.1 };
const nets: [string, () => Sequential, () => tf.Tensor][] = [
  [
    'float input, masked, every regulariser',
    () => {
      const net = sequential();
      net.add(layers.masking({ maskValue: 0, inputShape: [null, 3] }));
      net.add(lstm({ units: 4, returnSequences: true, ...rates }));
      net.add(gruResetAfter({ units: 4, reverse: true, useBias: false, ...rates }));
      net.add(layers.dense({ units: 2 }));
      return net;
    },
    () => tf.randomNormal([4, 5, 3], 0, 1, 'float32', 1),
  ],
  [
    'ids, every regulariser',
    () => {
      const net = sequential({ layers: [lstm({ units: 4, inputDim: 7, ...rates })] });
      net.add(layers.dense({ units: 2 }));
      return net;
    },
    () => tf.randomUniformInt([4, 5], 0, 7, 1),
  ],
];

describe.each(nets)('no tensor leaks: %s', (_, make, data) => {
  it('in predict, in fit, in dispose', async () => {
    const before = tf.memory().numTensors;
    const net = make();
    const [x, y] = [data(), tf.ones([4, 2])];
    net.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    await net.trainOnBatch(x, y);

    let count = tf.memory().numTensors;
    for (let n = 0; n < 3; n++) (net.predict(x) as tf.Tensor).dispose();
    expect(tf.memory().numTensors).toBe(count);

    count = tf.memory().numTensors;
    for (let step = 0; step < 10; step++) {
      await net.fit(x, y, { epochs: 1, verbose: 0 });
      expect(tf.memory().numTensors).toBe(count);
    }

    tf.dispose([x, y]);
    net.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a layer on its own', () => {
  it('returns its outputs and keeps nothing else', () => {
    const layer = lstm({ units: 3, returnSequences: true, returnState: true, ...rates });
    const x = tf.ones([2, 4, 3]);
    tf.dispose(layer.apply(x) as tf.Tensor[]);
    const count = tf.memory().numTensors;
    const outputs = layer.apply(x, { training: true }) as tf.Tensor[];
    expect(tf.memory().numTensors).toBe(count + 3);
    tf.dispose(outputs);
    layer.dispose();
    expect(tf.memory().numTensors).toBe(count - 3);
    expect(() => layer.apply(x)).toThrow(/already disposed/);
    x.dispose();
  });
});
