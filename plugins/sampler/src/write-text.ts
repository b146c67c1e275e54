import { type DrawOptions, draw, GatewiseError, type Random } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';

/** A model that reads ids [B,T] and gives logits [B,T,V]; with states [B,H] as further inputs and outputs, it reads each id once. */
export interface TextModel {
  readonly inputs: readonly { readonly shape: readonly (number | null)[] }[];
  predict(x: tf.Tensor | tf.Tensor[]): tf.Tensor | tf.Tensor[];
}
/** Symbols to ids and back, such as a `vocabulary` of @gatewise/data. */
export interface Symbols {
  encode(text: string): ArrayLike<number>;
  decode(ids: readonly number[]): string;
}
export interface WriteOptions extends DrawOptions {
  /** What the model reads before it writes; at least one symbol. */
  readonly prompt: string;
  /** Symbols to write. */
  readonly length: number;
}

/**
 * Lets a model write: one symbol a step, drawn from softmax(logits / temperature). Gives prompt and what follows.
 * Errors: `GW_SAMPLER_PROMPT`, `GW_SAMPLER_MODEL`, those of `draw`.
 *
 * @example
 * await writeText(network, vocabulary, { prompt: 'Call me', length: 200, temperature: 0.8 }, random(1));
 */
export async function writeText(
  model: TextModel,
  symbols: Symbols,
  { prompt, length, ...how }: WriteOptions,
  stream: Random,
): Promise<string> {
  let ids = Int32Array.from(symbols.encode(prompt));
  if (ids.length === 0) {
    throw new GatewiseError(
      'GW_SAMPLER_PROMPT',
      'got an empty prompt, wanted at least one symbol to begin with',
    );
  }
  const written: number[] = [];
  let states = model.inputs.slice(1).map(({ shape }) => tf.zeros([1, shape.at(-1) as number]));
  const carries = states.length > 0;
  try {
    while (written.length < length) {
      const { last, next } = await read(model, ids, states);
      tf.dispose(states);
      states = next;
      const id = draw(last, how, stream);
      written.push(id);
      // without states it reads everything again
      ids = carries ? Int32Array.of(id) : Int32Array.of(...ids, id);
    }
  } finally {
    tf.dispose(states);
  }
  return prompt + symbols.decode(written);
}

/** The logits of the last step [V], and the states after it. */
async function read(model: TextModel, ids: Int32Array, states: readonly tf.Tensor[]) {
  const { last, next } = tf.tidy(() => {
    const x = tf.tensor2d(ids, [1, ids.length], 'int32');
    const outputs = model.predict(states.length > 0 ? [x, ...states] : x);
    const [logits, ...after] = Array.isArray(outputs) ? outputs : [outputs];
    const { T, V, logits: z } = checkedOutputs(logits, after.length, states.length);
    return { last: tf.slice(z, [0, T - 1, 0], [1, 1, V]), next: after };
  });
  try {
    return { last: await last.data(), next };
  } finally {
    last.dispose();
  }
}

function checkedOutputs(logits: tf.Tensor | undefined, states: number, wanted: number) {
  const [, T, V] = logits?.shape ?? []; // [1,T,V]
  if (logits?.rank === 3 && T && V && states === wanted) return { logits, T, V };
  throw new GatewiseError(
    'GW_SAMPLER_MODEL',
    `got an output [${logits?.shape}] and ${states} states of a model, wanted logits [B,T,V] and ${wanted} states, as many as it takes`,
  );
}
