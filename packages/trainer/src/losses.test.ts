import '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failure } from '../test/fixtures.js';
import { manyToOne, masked } from '../test/golden-losses.js';
import { softmaxCrossEntropy } from './index.js';
import { applyLoss, type LossName, lossFunction } from './losses.js';

const thrown = (body: () => unknown) => failure(new Promise((resolve) => resolve(body())));
const close = (got: ArrayLike<number>, wanted: readonly number[], within: number) => {
  expect(got).toHaveLength(wanted.length);
  wanted.forEach((v, i) => {
    expect(Math.abs((got[i] as number) - v)).toBeLessThan(within);
  });
};

describe.each(['cpu', 'wasm'])('softmaxCrossEntropy on %s', (backend) => {
  beforeAll(async () => {
    expect(await tf.setBackend(backend)).toBe(true);
  });
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  const valueAndGradient = async (loss: (z: tf.Tensor) => tf.Tensor, z: tf.Tensor) => {
    const { value, grad } = tf.valueAndGrad((x: tf.Tensor) => loss(x) as tf.Scalar)(z);
    return [(await value.data())[0] as number, await grad.data()] as const;
  };

  it('agrees with the reference: many to one', async () => {
    const { shape, logits, targets, mean, gradient } = manyToOne;
    const z = tf.tensor(logits, shape);
    const y = tf.tensor1d(targets, 'int32');
    const [value, grad] = await valueAndGradient((x) => softmaxCrossEntropy(y, x), z);
    expect(value).toBeCloseTo(mean, 6);
    close(
      grad,
      gradient.map((g) => g / targets.length),
      1e-7,
    );
    const hot = tf.oneHot(y, shape.at(-1) as number);
    const [same, sameGrad] = await valueAndGradient((x) => softmaxCrossEntropy(hot, x), z);
    expect(same).toBeCloseTo(mean, 6);
    close(sameGrad, [...grad], 1e-7);
  });

  it('agrees with the reference: many to many, masked', async () => {
    const { shape, logits, targets, mask, mean, gradient } = masked;
    const y = tf.tensor(targets, shape.slice(0, 2), 'int32');
    const m = tf.tensor(mask, shape.slice(0, 2), 'int32');
    const counted = mask.reduce((sum, v) => sum + v, 0);
    const [value, grad] = await valueAndGradient(
      (x) => softmaxCrossEntropy(y, x, m),
      tf.tensor(logits, shape),
    );
    expect(value).toBeCloseTo(mean, 6);
    close(
      grad,
      gradient.map((g) => g / counted),
      1e-7,
    );
  });

  it('is stable for logits of 1e30, and 0 where nothing counts', async () => {
    const z = tf.tensor2d([
      [1e30, -1e30, 0],
      [0, 88, 1000],
    ]);
    const y = tf.tensor1d([0, 2], 'int32');
    const [value, grad] = await valueAndGradient((x) => softmaxCrossEntropy(y, x), z);
    expect(value).toBe(0);
    close(grad, [0, 0, 0, 0, 0, 0], 1e-12);
    const none = tf.zeros([2]);
    expect((await softmaxCrossEntropy(y, z, none).data())[0]).toBe(0);
  });

  it('follows soft targets', async () => {
    const z = tf.tensor2d([[1, 2, 3]]);
    const y = tf.tensor2d([[0.2, 0.3, 0.5]]);
    const [value, grad] = await valueAndGradient((x) => softmaxCrossEntropy(y, x), z);
    const p = [1, 2, 3].map((v) => Math.exp(v) / (Math.E + Math.E ** 2 + Math.E ** 3));
    expect(value).toBeCloseTo(
      -[0.2, 0.3, 0.5].reduce((sum, v, i) => sum + v * Math.log(p[i] as number), 0),
      5,
    );
    close(
      grad,
      [0.2, 0.3, 0.5].map((v, i) => (p[i] as number) - v),
      1e-6,
    );
  });

  it('leaks nothing', () => {
    const z = tf.zeros([4, 5]);
    const y = tf.zeros([4], 'int32');
    const before = tf.memory().numTensors;
    tf.dispose(softmaxCrossEntropy(y, z));
    tf.dispose(tf.valueAndGrad((x: tf.Tensor) => softmaxCrossEntropy(y, x))(z) as never);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses shapes that do not fit, and ids that are no classes', async () => {
    const z = tf.zeros([2, 3, 4]);
    const bad = (y: tf.Tensor, mask?: tf.Tensor) => thrown(() => softmaxCrossEntropy(y, z, mask));
    expect(await bad(tf.zeros([3, 2], 'int32'))).toMatchObject({ code: 'GW_TRAIN_SHAPE' });
    expect(await bad(tf.zeros([2, 3], 'int32'), tf.ones([2]))).toMatchObject({ code: 'GW_TRAIN_SHAPE' });
    const ids = tf.tensor([0, 1, 4, 0, 0, 0], [2, 3], 'int32');
    const error = await bad(ids);
    expect(error).toMatchObject({ code: 'GW_TRAIN_TARGET', message: expect.stringContaining('target 4') });
  });
});

describe('losses by name', () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
  });
  const p = () =>
    tf.tensor2d([
      [0.2, 0.8],
      [0.5, 0.5],
    ]);
  const hot = () =>
    tf.tensor2d([
      [0, 1],
      [1, 0],
    ]);
  const ln = Math.log;
  const cases: [LossName, (() => tf.Tensor) | undefined, number][] = [
    ['categoricalCrossentropy', undefined, -(ln(0.8) + ln(0.5)) / 2],
    ['sparseCategoricalCrossentropy', () => tf.tensor1d([1, 0]), -(ln(0.8) + ln(0.5)) / 2],
    ['sparseCategoricalCrossentropy', () => tf.tensor2d([[1], [0]]), -(ln(0.8) + ln(0.5)) / 2],
    ['binaryCrossentropy', undefined, -(2 * ln(0.8) + 2 * ln(0.5)) / 4],
    ['meanSquaredError', undefined, (2 * 0.04 + 2 * 0.25) / 4],
    ['meanAbsoluteError', undefined, (2 * 0.2 + 2 * 0.5) / 4],
    ['softmaxCrossEntropy', () => tf.tensor1d([1, 0], 'int32'), (ln(1 + Math.exp(-0.6)) + ln(2)) / 2],
  ];
  it.each(cases)('%s', (name, y, wanted) => {
    const got = applyLoss(name, lossFunction(name), (y ?? hot)(), p());
    expect(got.rank).toBe(0);
    expect(got.dataSync()[0]).toBeCloseTo(wanted, 5);
  });

  it('summedCrossEntropy: over the steps of a row, that count', () => {
    const [y, z] = [tf.tensor2d([1, 0], [1, 2], 'int32'), tf.reshape(p(), [1, 2, 2])];
    const loss = (mask?: tf.Tensor2D) =>
      applyLoss('summedCrossEntropy', lossFunction('summedCrossEntropy'), y, z, mask).dataSync()[0];
    expect(loss()).toBeCloseTo(ln(1 + Math.exp(-0.6)) + ln(2), 5);
    expect(loss(tf.tensor2d([0, 1], [1, 2], 'bool'))).toBeCloseTo(ln(2), 5);
  });

  it('agree with tf.layers where it has them', async () => {
    const { metrics } = await import('@tensorflow/tfjs-layers');
    for (const name of ['categoricalCrossentropy', 'binaryCrossentropy', 'meanSquaredError'] as const) {
      const theirs = tf.mean(metrics[name](hot(), p()));
      expect(applyLoss(name, lossFunction(name), hot(), p()).dataSync()[0]).toBeCloseTo(
        theirs.dataSync()[0] as number,
        5,
      );
    }
  });

  it('refuses unknown names, no loss, and regressions of two shapes', async () => {
    const names = expect.stringContaining('meanSquaredError');
    expect(await thrown(() => lossFunction('mse' as never))).toMatchObject({
      code: 'GW_TRAIN_LOSS',
      message: names,
    });
    expect(await thrown(() => lossFunction(undefined))).toMatchObject({ code: 'GW_TRAIN_LOSS' });
    const odd = () => applyLoss('meanSquaredError', lossFunction('meanSquaredError'), tf.zeros([2]), p());
    expect(await thrown(odd)).toMatchObject({ code: 'GW_TRAIN_SHAPE' });
  });
});
