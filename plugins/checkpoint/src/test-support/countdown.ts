import { readdirSync } from 'node:fs';
import type { Trainable } from '@gatewise/plugin';
import { type TrainOptions, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { type CheckpointOptions, checkpoint, loadCheckpoint } from '../index.js';

export const files = (folder: string) => readdirSync(folder).sort();
/** Names of checkpoints, without the endings of their files. */
export const checkpoints = (folder: string) =>
  files(folder).flatMap((name) => (name.endsWith('.sha256') ? [name.slice(0, -7)] : []));

/** Each step takes 1 from w [size] and b; the validation loss is what the targets say. */
function countdown(size = 2) {
  const w = tf.tidy(() => tf.variable(tf.zeros([size])));
  const b = tf.tidy(() => tf.variable(tf.scalar(100)));
  const model: Trainable = {
    name: 'countdown',
    weights: { w, b },
    loss: ({ y }, training) => (training ? tf.add(tf.sum(w), b) : tf.mean(y)),
  };
  const read = async () => [(await w.data())[0], (await b.data())[0]];
  return { model, read, dispose: () => tf.dispose([w, b]) };
}
const batch = (target = 0) => ({ x: tf.zeros([1, 1]), y: tf.fill([1, 1], target) });
const twice = () => [batch(), batch()];

/** Two steps an epoch; the validation loss of each epoch is given. Gives the weights. */
export async function run(
  valLosses: readonly number[],
  options: CheckpointOptions,
  more: Partial<TrainOptions> = {},
  size = 2,
) {
  const { model, read, dispose } = countdown(size);
  const optimizer = tf.train.sgd(1);
  const validation = (epoch: number) => [batch(valLosses[epoch])];
  const plugins = [...(more.plugins ?? []), checkpoint(options)];
  const given = { epochs: valLosses.length, optimizer, validation, interruptible: false };
  try {
    await train(model, twice, { ...given, ...more, plugins } as TrainOptions);
    return await read();
  } finally {
    optimizer.dispose();
    dispose();
  }
}

/** What a checkpoint says, and the weights that it puts into a model. */
export async function load(folder: string, which: 'last' | 'best' = 'last', size = 2) {
  const { model, read, dispose } = countdown(size);
  try {
    const { epochs, steps, monitored } = await loadCheckpoint(folder, model, which);
    return { epochs, steps, monitored, weights: await read() };
  } finally {
    dispose();
  }
}

/** The message of the error behind a failed run. */
export async function cause(running: Promise<unknown>): Promise<string> {
  const error = await running.then(
    () => undefined,
    (e: Error) => e,
  );
  return String((error?.cause as Error | undefined)?.message ?? error);
}
