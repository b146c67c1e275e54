import '@tensorflow/tfjs';
import { random } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, layers, model, type Sequential, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { gru, gruResetAfter, lstm, recurrent, vanilla } from './recurrent.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Numbers in [-1, 1). */
function numbers(shape: number[], seed: number): tf.Tensor {
  const r = random(seed);
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Array.from({ length: size }, () => 2 * r.uniform() - 1),
    shape,
  );
}

/** Fits and returns the loss before and after. */
async function losses(net: LayersModel | Sequential, x: tf.Tensor, y: tf.Tensor, epochs: number) {
  net.compile({ optimizer: tf.train.adam(0.02, 0.9, 0.999, 1e-7), loss: 'meanSquaredError' });
  const { history } = await net.fit(x, y, { epochs, batchSize: 16, shuffle: false, verbose: 0 });
  const all = history.loss as number[];
  return [all[0]!, all.at(-1)!] as const;
}

const learns = async (net: LayersModel | Sequential, x: tf.Tensor, y: tf.Tensor, epochs = 25) => {
  const [first, last] = await losses(net, x, y, epochs);
  expect(last).toBeLessThan(0.4 * first);
};

describe('the shapes of sequence problems', () => {
  it('one to one: T = 1', async () => {
    const x = numbers([32, 1, 2], 1);
    const net = sequential({
      layers: [vanilla({ units: 8, inputShape: [1, 2], seed: 1 }), layers.dense({ units: 1 })],
    });
    await learns(net, x, tf.sum(x, 2));
  });

  it('one to many: the one input is repeated, every step answers', async () => {
    const x = numbers([32, 1], 2);
    const net = sequential();
    net.add(layers.repeatVector({ n: 4, inputShape: [1] }));
    net.add(gru({ units: 12, returnSequences: true, seed: 1 }));
    net.add(layers.timeDistributed({ layer: layers.dense({ units: 1 }) }));
    const y = tf.reshape(tf.mul(x, [[1, -1, 0.5, -0.5]]), [32, 4, 1]);
    expect(net.outputs[0]!.shape).toEqual([null, 4, 1]);
    await learns(net, x, y);
  });

  it('many to one: the sign-alternating sum of a sequence', async () => {
    const x = numbers([32, 5, 1], 3);
    const net = sequential();
    net.add(lstm({ units: 12, inputShape: [5, 1], seed: 1 }));
    net.add(layers.dense({ units: 1 }));
    const y = tf.sum(tf.mul(x, [[[1], [-1], [1], [-1], [1]]]), 1);
    await learns(net, x, y, 40);
  });

  it('many to many, aligned: every step answers with the input of the step before', async () => {
    const x = numbers([32, 6, 1], 4) as tf.Tensor3D;
    const y = tf.concat([tf.zeros([32, 1, 1]), tf.slice(x, [0, 0, 0], [32, 5, 1])], 1);
    const net = sequential();
    net.add(gruResetAfter({ units: 12, inputShape: [null, 1], returnSequences: true, seed: 1 }));
    net.add(layers.timeDistributed({ layer: layers.dense({ units: 1 }) }));
    await learns(net, x, y, 40);
  });

  it('an encoder hands its states to a decoder', async () => {
    const x = input({ shape: [null, 2] });
    const d = input({ shape: [3, 1] });
    type Symbolic = typeof x;
    const encoder = lstm({ units: 8, returnState: true, seed: 1 });
    const [, h, c] = encoder.apply(x) as Symbolic[];
    const y = lstm({ units: 8, returnSequences: true, seed: 2 }).apply([d, h!, c!]) as Symbolic;
    const net = model({ inputs: [x, d], outputs: layers.dense({ units: 1 }).apply(y) as Symbolic });
    net.compile({ optimizer: tf.train.adam(0.02), loss: 'meanSquaredError' });
    const data = [numbers([16, 5, 2], 1), tf.zeros([16, 3, 1])];
    const target = tf.tile(tf.reshape(tf.mean(data[0]!, [1, 2]), [16, 1, 1]), [1, 3, 1]);
    const { history } = await net.fit(data, target, { epochs: 30, verbose: 0, shuffle: false });
    const loss = history.loss as number[];
    expect(loss.at(-1)!).toBeLessThan(0.4 * loss[0]!);
  });
});

describe('beside the layers of tf.layers', () => {
  it('stands between convolution, normalisation, dropout and dense', async () => {
    const net = sequential();
    net.add(layers.conv1d({ filters: 4, kernelSize: 3, padding: 'same', inputShape: [8, 2] }));
    net.add(recurrent({ cell: 'lstm-original', units: 6, returnSequences: true, seed: 1 }));
    net.add(layers.layerNormalization());
    net.add(layers.dropout({ rate: 0.1, seed: 1 }));
    net.add(recurrent({ cell: 'additive', units: 6, seed: 2 }));
    net.add(layers.dense({ units: 1 }));
    const x = numbers([16, 8, 2], 1);
    await learns(net, x, tf.reshape(tf.mean(x, [1, 2]), [16, 1]), 30);
  });

  it('gives gradients to what is before it', () => {
    const before = layers.dense({ units: 3, inputShape: [null, 2] });
    const net = sequential({ layers: [before, lstm({ units: 4, seed: 1 })] });
    const { grads } = tf.variableGrads(() => tf.sum(net.apply(numbers([2, 4, 2], 1)) as tf.Tensor));
    const kernel = grads[before.weights[0]!.name]!;
    expect(kernel.shape).toEqual([2, 3]);
    expect(tf.max(tf.abs(kernel)).arraySync()).toBeGreaterThan(0);
  });

  it('is left alone when it is not trainable', async () => {
    const frozen = lstm({ units: 4, inputShape: [null, 1], trainable: false, seed: 1 });
    const net = sequential({ layers: [frozen, layers.dense({ units: 1 })] });
    const before = await frozen.getWeights()[0]!.array();
    await losses(net, numbers([16, 3, 1], 1), numbers([16, 1], 2), 2);
    expect(await frozen.getWeights()[0]!.array()).toEqual(before);
  });

  it('fits alike from one seed', async () => {
    const run = () => {
      const layer = lstm({
        units: 4,
        inputShape: [null, 1],
        seed: 3,
        dropout: 0.2,
        recurrentDropout: 0.2,
        zoneout: 0.1,
      });
      const head = layers.dense({ units: 1, kernelInitializer: 'ones' });
      return losses(sequential({ layers: [layer, head] }), numbers([16, 3, 1], 1), numbers([16, 1], 2), 3);
    };
    expect(await run()).toEqual(await run());
  });
});
