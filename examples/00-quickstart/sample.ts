import { random } from '@gatewise/core';
import type { Vocabulary } from '@gatewise/data';
import { writeText } from '@gatewise/plugin-sampler';
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
  { seed, ...how }: SampleOptions,
): Promise<Sample> {
  const { temperature } = how;
  const stream = random(seed).fork(`sample at ${temperature}`);
  return { temperature, text: await writeText(network, symbols, how, stream) };
}
