import { type DrawOptions, random } from '@gatewise/core';
import type { Vocabulary } from '@gatewise/data';
import { type TextModel, type WriteOptions, writeText } from '@gatewise/plugin-sampler';

export interface Sample {
  readonly temperature: number;
  readonly text: string;
}

export interface SampleOptions extends WriteOptions {
  readonly temperature: NonNullable<DrawOptions['temperature']>;
  readonly seed: number;
}

/** Lets a model write; the same seed writes the same. Errors: `GW_SAMPLER_PROMPT`, `GW_SAMPLER_MODEL`, `GW_DRAW_OPTION`. */
export async function sample(
  network: TextModel,
  symbols: Vocabulary,
  { seed, ...how }: SampleOptions,
): Promise<Sample> {
  const { temperature } = how;
  const stream = random(seed).fork(`sample at ${temperature}`);
  return { temperature, text: await writeText(network, symbols, how, stream) };
}
