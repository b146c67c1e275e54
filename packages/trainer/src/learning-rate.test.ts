import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import { failure } from '../test/fixtures.js';
import { setLearningRate } from './learning-rate.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const makers: [string, (rate: number) => tf.Optimizer][] = [
  ['sgd', (rate) => tf.train.sgd(rate)],
  ['momentum', (rate) => tf.train.momentum(rate, 0.9)],
  ['rmsprop', (rate) => tf.train.rmsprop(rate)],
  ['adam', (rate) => tf.train.adam(rate)],
  ['adagrad', (rate) => tf.train.adagrad(rate)],
  ['adadelta', (rate) => tf.train.adadelta(rate)],
  ['adamax', (rate) => tf.train.adamax(rate)],
];

it.each(makers)('%s updates as if made with the rate, and leaks nothing', async (_, make) => {
  const update = async (optimizer: tf.Optimizer) => {
    const w = tf.variable(tf.tensor1d([1, 2, 3]));
    for (let i = 0; i < 2; i++)
      optimizer.applyGradients([{ name: w.name, tensor: tf.tensor1d([1, -2, 0.5]) }]);
    return [...(await w.data())];
  };
  const changed = make(0.5);
  const before = tf.memory().numTensors;
  for (const rate of [0.25, 0.125]) setLearningRate(changed, rate);
  expect(tf.memory().numTensors).toBe(before);
  const got = await update(changed);
  expect(got).toEqual(await update(make(0.125)));
  expect(got).not.toEqual(await update(make(0.5)));
});

it('refuses an optimizer that has no rate', async () => {
  const odd = { getClassName: () => 'Odd' } as tf.Optimizer;
  const error = await failure(new Promise((resolve) => resolve(setLearningRate(odd, 1))));
  expect(error).toMatchObject({ code: 'GW_TRAIN_LEARNING_RATE', message: expect.stringContaining('Odd') });
});
