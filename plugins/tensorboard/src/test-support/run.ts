import { type Batch, definePlugin, type Texts, Tokens, type Trainable } from '@gatewise/plugin';
import { type TrainOptions, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { type TensorboardOptions, tensorboard } from '../index.js';

/** A text a run's epoch, with what HTML and Markdown care about. */
export const text = 'first *line*\nsecond <line> & "more" ünïcode';

const writer = definePlugin(
  'writer',
  (_: object, texts: Texts) => ({
    onBatchEnd: ({ report, step }) => report('extra', step === 6 ? Number.NaN : -step / 2),
    onEpochEnd: ({ step }) => texts.add({ name: 'sample', step, text }),
  }),
  [Tokens.Texts],
);

/** Two epochs of three steps of y = w x + b. */
export async function runWithTensorboard(options: TensorboardOptions, more: Partial<TrainOptions> = {}) {
  const w = tf.tidy(() => tf.variable(tf.tensor1d([1, 2, 3, 4])));
  const b = tf.tidy(() => tf.variable(tf.scalar(0.5)));
  const model: Trainable = {
    name: 'line',
    weights: { w, b },
    loss: ({ x, y }) => tf.mean(tf.square(tf.sub(tf.add(tf.mul(x as tf.Tensor, w), b), y))),
  };
  const batch = (n: number): Batch => ({ x: tf.fill([2, 4], n), y: tf.ones([2, 4]) });
  const optimizer = tf.train.sgd(0.01);
  try {
    const all = { epochs: 2, optimizer, validation: () => [batch(1)], ...more };
    return await train(model, () => [1, 2, 3].map(batch), {
      ...all,
      plugins: [writer({}), tensorboard(options)],
    });
  } finally {
    tf.dispose([w, b]);
    optimizer.dispose();
  }
}
