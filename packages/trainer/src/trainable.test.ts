import { random } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { failure } from '../test/fixtures.js';
import { evaluate, type Loss, train, trainable } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
const thrown = (body: () => unknown) => failure(new Promise((resolve) => resolve(body())));
const dense = (units: number, inputShape: number[], more = {}) =>
  tf.sequential({ layers: [tf.layers.dense({ units, inputShape, kernelInitializer: 'zeros', ...more })] });

/** y = x [2, −1] + 3, from numbers that are the same every time. */
function* rows(count: number) {
  const r = random(5);
  for (let i = 0; i < count; i++) {
    const x = Array.from({ length: 8 }, () => [r.normal(), r.normal()]);
    const y = x.map(([a = 0, b = 0]) => [2 * a - b + 3]);
    yield { x: tf.tensor2d(x), y: tf.tensor2d(y) };
  }
}

describe('a tf.layers model', () => {
  it('learns, by name of a loss or by its own', async () => {
    for (const own of [false, true]) {
      const model = dense(1, [2]);
      if (own) model.compile({ loss: 'meanSquaredError', optimizer: 'sgd' });
      const optimizer = tf.train.sgd(0.1);
      const loss: { loss?: Loss } = own ? {} : { loss: 'meanSquaredError' };
      const { history } = await train(model, () => rows(20), {
        ...loss,
        epochs: 4,
        optimizer,
        validation: () => rows(2),
      });
      const [kernel, bias] = await Promise.all(model.getWeights().map((w) => w.data()));
      expect(kernel?.[0]).toBeCloseTo(2, 3);
      expect(kernel?.[1]).toBeCloseTo(-1, 3);
      expect(bias?.[0]).toBeCloseTo(3, 3);
      expect(history.at(-1)?.valLoss).toBeLessThan(1e-6);
    }
  });

  it('has weights by name, the same in every run, and can be saved', async () => {
    const make = () =>
      tf.sequential({ layers: [tf.layers.dense({ name: 'head', units: 1, inputShape: [2] })] });
    const model = trainable(make(), { loss: 'meanSquaredError' });
    expect(Object.keys(model.weights)).toEqual(['head/kernel', 'head/bias']);
    expect(Object.keys(trainable(make(), { loss: 'meanSquaredError' }).weights)).toEqual(
      Object.keys(model.weights),
    );
    expect(model.weights['head/kernel']?.shape).toEqual([2, 1]);
    const artifacts: tf.io.ModelArtifacts[] = [];
    await model.save?.(
      tf.io.withSaveHandler(async (a) => {
        artifacts.push(a);
        return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
      }),
    );
    expect(artifacts[0]?.weightSpecs).toHaveLength(2);
  });

  it('trains in training mode, without dropout in validation, with penalties only in training', async () => {
    const make = (layer: tf.layers.Layer) =>
      tf.sequential({
        layers: [tf.layers.dense({ units: 1, inputShape: [1], kernelInitializer: 'ones' }), layer],
      });
    const batch = { x: tf.ones([4, 1]), y: tf.zeros([4, 1]) };
    const dropout = trainable(make(tf.layers.dropout({ rate: 0.999999 })), { loss: 'meanSquaredError' });
    expect(dropout.loss(batch, true).dataSync()[0]).toBe(0);
    expect(dropout.loss(batch, false).dataSync()[0]).toBe(1);
    const model = dense(1, [1], {
      kernelInitializer: 'ones',
      kernelRegularizer: tf.regularizers.l2({ l2: 0.5 }),
    });
    const penalised = trainable(model, { loss: 'meanSquaredError' });
    expect(penalised.loss(batch, true).dataSync()[0]).toBe(1.5);
    expect(await evaluate(model, () => [batch], { loss: 'meanSquaredError' })).toBe(1);
  });

  it('takes several inputs, and losses that are functions, of a scalar or of rows', async () => {
    const a = tf.input({ shape: [2] });
    const b = tf.input({ shape: [2] });
    const model = tf.model({ inputs: [a, b], outputs: tf.layers.add().apply([a, b]) as tf.SymbolicTensor });
    const batch = () => ({ x: [tf.ones([3, 2]), tf.ones([3, 2])], y: tf.ones([3, 2]) });
    for (const loss of [
      (y: tf.Tensor, p: tf.Tensor) => tf.mean(tf.sub(p, y)),
      (y: tf.Tensor, p: tf.Tensor) => tf.mean(tf.sub(p, y), -1),
    ]) {
      expect(await evaluate(model, [batch()], { loss })).toBe(1);
    }
  });

  it('leaks nothing', async () => {
    const model = dense(1, [2]);
    const before = tf.memory().numTensors;
    const optimizer = tf.train.adam(0.01);
    await train(model, () => rows(3), {
      loss: 'meanSquaredError',
      epochs: 2,
      optimizer,
      validation: () => rows(1),
    });
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses batches that do not fit its inputs', async () => {
    const optimizer = tf.train.sgd(0.1);
    const run = (x: tf.Tensor | tf.Tensor[], model: tf.LayersModel = dense(1, [5, 2])) =>
      failure(train(model, [{ x, y: tf.zeros([3, 1]) }], { loss: (_, p) => p, epochs: 1, optimizer }));
    for (const x of [tf.zeros([3, 2]), tf.zeros([3, 5, 3]), tf.zeros([3, 4, 2])]) {
      const message = expect.stringContaining('wanted [B,5,2]');
      expect(await run(x)).toMatchObject({ code: 'GW_TRAIN_SHAPE', message });
    }
    expect(await run([tf.zeros([3, 5, 2]), tf.zeros([3, 5, 2])])).toMatchObject({ code: 'GW_TRAIN_SHAPE' });
    const free = tf.sequential({ layers: [tf.layers.lstm({ units: 1, inputShape: [null, 2] })] });
    expect((await run(tf.zeros([3, 4]), free)).message).toContain('wanted [B,any,2]');
    const input = tf.input({ shape: [2] });
    const copy = tf.layers.activation({ activation: 'linear' }).apply(input) as tf.SymbolicTensor;
    const double = tf.model({ inputs: input, outputs: [input, copy] });
    double.trainableWeights.push(...dense(1, [1]).trainableWeights);
    const two = trainable(double, { loss: 'meanSquaredError' });
    expect(await thrown(() => two.loss({ x: tf.zeros([3, 2]), y: tf.zeros([3, 2]) }, true))).toMatchObject({
      code: 'GW_TRAIN_SHAPE',
      message: expect.stringContaining('carried'),
    });
  });

  it('refuses models without weights, empty ones, and unknown losses', async () => {
    const optimizer = tf.train.sgd(0.1);
    const run = (model: tf.LayersModel, loss: unknown = 'meanSquaredError') =>
      failure(train(model, () => rows(1), { loss: loss as Loss, epochs: 1, optimizer }));
    const frozen = dense(1, [2]);
    for (const layer of frozen.layers) layer.trainable = false;
    expect(await run(frozen)).toMatchObject({ code: 'GW_TRAIN_NO_WEIGHTS' });
    expect(await run(tf.sequential())).toMatchObject({ code: 'GW_TRAIN_NO_WEIGHTS' });
    expect(await run(dense(1, [2]), 'hinge')).toMatchObject({ code: 'GW_TRAIN_LOSS' });
    expect(await run(dense(1, [2]), null)).toMatchObject({ code: 'GW_TRAIN_LOSS' });
  });
});
