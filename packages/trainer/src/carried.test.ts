import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { failure, plugin } from '../test/fixtures.js';
import { carried, evaluate, type PluginList, train } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
const thrown = (body: () => unknown) => failure(new Promise((resolve) => resolve(body())));

/** h' = w_h h + w_x x, y = h': a tiny recurrence of dense layers, one time step a batch. */
function tiny(weight = 1): tf.LayersModel {
  const x = tf.input({ shape: [1] });
  const h = tf.input({ shape: [1] });
  const kernelInitializer = tf.initializers.constant({ value: weight });
  const joined = tf.layers.concatenate().apply([x, h]) as tf.SymbolicTensor;
  const next = tf.layers.dense({ units: 1, kernelInitializer }).apply(joined) as tf.SymbolicTensor;
  const y = tf.layers.activation({ activation: 'linear' }).apply(next) as tf.SymbolicTensor;
  return tf.model({ inputs: [x, h], outputs: [y, next] });
}
const batch = (x: number, carry: boolean, rows = 1) => ({
  x: tf.fill([rows, 1], x),
  y: tf.zeros([rows, 1]),
  carry,
});
const sum = (_: tf.Tensor, p: tf.Tensor) => tf.sum(p);

describe('carried', () => {
  it('continues where batches carry on and starts from zeros where not', async () => {
    const model = carried(tiny(), { loss: sum });
    const losses = (xs: [number, boolean][]) =>
      xs.map(([x, carry]) => model.loss(batch(x, carry), true).dataSync()[0]);
    // Σ x since the last start.
    expect(
      losses([
        [1, false],
        [2, true],
        [3, true],
        [4, false],
        [5, true],
      ]),
    ).toEqual([1, 3, 6, 4, 9]);
    model.resetState?.();
    expect(losses([[7, true]])).toEqual([7]);
  });

  it('keeps training and validation apart', () => {
    const model = carried(tiny(), { loss: sum });
    const loss = (x: number, training: boolean) => model.loss(batch(x, true), training).dataSync()[0];
    expect([loss(1, true), loss(10, false), loss(2, true), loss(20, false)]).toEqual([1, 10, 3, 30]);
    model.resetState?.(false);
    expect([loss(3, true), loss(20, false)]).toEqual([6, 20]);
    model.resetState?.(true);
    expect([loss(3, true), loss(20, false)]).toEqual([3, 40]);
  });

  it('lets an evaluation within an epoch pass unnoticed', async () => {
    const run = async (plugins: PluginList) => {
      const model = carried(tiny(), { loss: sum });
      const windows = () => [batch(1, false), batch(2, true), batch(3, true)];
      const peek = plugin('peek', {
        onBatchEnd: async () => void (await evaluate(model, [batch(9, false)])),
      });
      const optimizer = tf.train.sgd(0);
      return train(model, windows, { epochs: 1, optimizer, plugins: [...plugins, peek] });
    };
    // (1 + 3 + 6) / 3, also through a plugin that makes the batch anew.
    const anew = plugin('anew', { transformBatch: ({ x, y }) => ({ x, y }) });
    for (const plugins of [[], [anew]]) expect((await run(plugins)).history[0]?.loss).toBeCloseTo(10 / 3, 6);
  });

  it('carries values, not gradients', async () => {
    const model = carried(tiny(), { loss: sum });
    model.loss(batch(1, false), true);
    const { grads } = tf.variableGrads(() => model.loss(batch(2, true), true), Object.values(model.weights));
    // y = w_x x + w_h h with h = 1 as a number: dw = (2, 1).
    expect([...(Object.values(grads)[0] as tf.Tensor).dataSync()]).toEqual([2, 1]);
  });

  it('trains over windows, leaks nothing over steps, and frees its states at the end', async () => {
    const layers = tiny(0.5);
    const before = tf.memory().numTensors;
    const model = carried(layers, {
      loss: 'meanSquaredError',
    });
    const windows = function* () {
      for (let i = 0; i < 20; i++) yield batch(1, i > 0, 3);
    };
    const optimizer = tf.train.sgd(0.01);
    const counts: number[] = [];
    const watched = {
      ...model,
      loss: (...args: Parameters<typeof model.loss>) => {
        counts.push(tf.memory().numTensors);
        return model.loss(...args);
      },
    };
    const { history } = await train(watched, windows, { epochs: 2, optimizer, validation: windows });
    expect(history[1]?.loss).toBeLessThan(history[0]?.loss as number);
    // Steps 3 to 20 of the first epoch start alike.
    expect(new Set(counts.slice(2, 20)).size).toBe(1);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses another number of rows while carrying on', async () => {
    const model = carried(tiny(), { loss: sum });
    model.loss(batch(1, false, 2), true);
    expect(await thrown(() => model.loss(batch(1, true, 3), true))).toMatchObject({
      code: 'GW_TRAIN_CARRY',
      message: expect.stringContaining('3 rows'),
    });
  });

  it('refuses models whose states do not match', async () => {
    const x = tf.input({ shape: [2] });
    const h = tf.input({ shape: [3] });
    const none = tf.model({
      inputs: x,
      outputs: tf.layers.dense({ units: 1 }).apply(x) as tf.SymbolicTensor,
    });
    const turned = tf.model({ inputs: [x, h], outputs: [h, x] });
    for (const model of [none, turned]) {
      expect(await thrown(() => carried(model, { loss: sum }))).toMatchObject({ code: 'GW_TRAIN_CARRY' });
    }
  });
});
