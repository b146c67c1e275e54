import { draw, random } from '@gatewise/core';
import type { Vocabulary } from '@gatewise/data';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

export interface Sample {
  readonly temperature: number;
  readonly text: string;
}

export interface SampleOptions {
  /** What the model reads before it writes. */
  readonly prompt: string;
  /** Characters to write. */
  readonly length: number;
  /** Below 1 bolder in what is likely, above 1 more adventurous. */
  readonly temperature: number;
  readonly seed: number;
}

/** Lets a model write: one character a step, its states handed on, drawn from softmax(logits / temperature). */
export async function sample(
  network: LayersModel,
  symbols: Vocabulary,
  { prompt, length, temperature, seed }: SampleOptions,
): Promise<Sample> {
  const stream = random(seed).fork(`sample at ${temperature}`);
  const written: number[] = [];
  let ids = symbols.encode(prompt);
  let states = network.inputs.slice(1).map(({ shape }) => tf.zeros([1, shape[1] as number]));
  while (written.length < length) {
    const x = tf.tensor2d(ids, [1, ids.length], 'int32');
    const [logits, ...next] = network.predict([x, ...states]) as tf.Tensor[];
    const last = await lastLogits(logits as tf.Tensor);
    tf.dispose([x, logits as tf.Tensor, ...states]);
    states = next;
    ids = Int32Array.of(draw(last, { temperature }, stream));
    written.push(ids[0] as number);
  }
  tf.dispose(states);
  return { temperature, text: prompt + symbols.decode(written) };
}

/** The logits of the last time step, [V]. */
async function lastLogits(logits: tf.Tensor): Promise<Float32Array> {
  const [, T, V] = logits.shape as [number, number, number]; // [1,T,V]
  const last = tf.tidy(() => tf.slice(logits, [0, T - 1, 0], [1, 1, V]));
  const values = (await last.data()) as Float32Array;
  last.dispose();
  return values;
}
