import { GatewiseError } from '@gatewise/core';
import { RecurrentState, runLayer } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs-core';
import type { Memory } from './attention-layer.js';
import type { Seq2Seq } from './model.js';
import { maskOf } from './teacher-forcing.js';

/** Sources to decode: ids [B,S] or [B,S,I], with the real steps of each; `padded` of @gatewise/data makes them of lists. */
export interface Sources {
  readonly x: tf.Tensor;
  readonly lengths?: readonly number[];
}

export interface DecodeOptions {
  /** Most symbols of an output, its end counted; 2·S + 10 where absent. */
  readonly maxLength?: number;
  /** Where attention looked at each step, in `alignment`. */
  readonly alignments?: boolean;
}

/** One output. */
export interface Decoded {
  /** Without the end symbol. */
  readonly ids: readonly number[];
  /** ln p of all its symbols, the end too. */
  readonly logProbability: number;
  /** False where `maxLength` cut it. */
  readonly ended: boolean;
  /** a [T,S], the end's step too: asked for with `alignments`, of a model with attention. */
  readonly alignment?: readonly (readonly number[])[];
}

/** What one step gives by row. */
export interface Step {
  /** ln p of each symbol, [V]. */
  readonly logProbabilities: readonly Float64Array[];
  /** [S] */
  readonly alignment?: readonly Float32Array[];
}

/** Rows that are being decoded: the memory they ask and the decoder's state, on the device between steps. */
export class Decoding {
  readonly #model: Seq2Seq;
  #memory: Memory | undefined;
  #state: RecurrentState;
  readonly #alignments: boolean;

  constructor(model: Seq2Seq, { x, lengths }: Sources, alignments: boolean) {
    const [B = 0, S = 0] = x.shape;
    this.#model = model;
    this.#alignments = alignments && model.config.attention !== undefined;
    const states: tf.Tensor[] = [];
    tf.tidy(() => {
      const encoded = model.encode(x, maskOf(lengths, B, S));
      states.push(...encoded.states.map((t) => tf.keep(tf.clone(t))));
      this.#memory = encoded.memory && kept(encoded.memory, (t) => tf.clone(t));
    });
    this.#state = new RecurrentState(model.config.decoder, states);
  }

  get rows(): number {
    return this.#state.rows;
  }

  /** One fused step of all rows: what may follow the symbols that they read now. */
  async step(ids: readonly number[]): Promise<Step> {
    const before = this.#state;
    const { end, start = end } = this.#model.config.target;
    const { logits, alignment } = tf.tidy(() => {
      const x = this.#model.embed(tf.tensor2d([...ids], [ids.length, 1], 'int32'));
      const ran = runLayer(this.#model.config.decoder, x, before);
      this.#state = ran.state;
      const { logits, alignment } = this.#model.write(ran.y as tf.Tensor3D, this.#memory);
      return this.#alignments ? { logits, alignment: alignment! } : { logits };
    });
    before.dispose();
    const never = start === end ? undefined : start;
    const z = await rowsOf(logits);
    return {
      logProbabilities: z.map((row) => logSoftmax(row, never)),
      ...(alignment ? { alignment: await rowsOf(alignment) } : {}),
    };
  }

  /** Goes on with these rows alone, in this order; a row may come several times. */
  select(rows: readonly number[]): void {
    if (rows.length === this.rows && rows.every((row, b) => row === b)) return;
    const before = this.#state;
    const take = <T extends tf.Tensor>(t: T): T =>
      t.dtype === 'bool'
        ? (tf.cast(tf.gather(tf.cast(t, 'int32'), [...rows]), 'bool') as T)
        : (tf.gather(t, [...rows]) as T);
    const memory = this.#memory;
    const states = tf.tidy(() => {
      this.#memory = memory && kept(memory, take);
      return before.tensors.map((t) => tf.keep(take(t)));
    });
    this.#state = new RecurrentState(before.layer, states);
    before.dispose();
    disposeMemory(memory);
  }

  dispose(): void {
    this.#state.dispose();
    disposeMemory(this.#memory);
  }
}

const disposeMemory = (memory: Memory | undefined): void => tf.dispose(memory ? Object.values(memory) : []);

/** Lives through the tidy; keys that are the memory stay one tensor. */
function kept({ memory, keys, mask }: Memory, make: <T extends tf.Tensor>(t: T) => T): Memory {
  const m = tf.keep(make(memory));
  return { memory: m, keys: keys === memory ? m : tf.keep(make(keys)), mask: mask && tf.keep(make(mask)) };
}

/** Rows of [B,1,N] on the host; disposes of the tensor. */
async function rowsOf(t: tf.Tensor3D): Promise<Float32Array[]> {
  const [B, , N] = t.shape;
  const values = (await t.data()) as Float32Array;
  t.dispose();
  return Array.from({ length: B }, (_, b) => values.slice(b * N, (b + 1) * N));
}

/** ln p = z − max − ln Σ e^(z − max), with `never` left out. Errors: `GW_SEQ2SEQ_LOGITS`. */
function logSoftmax(z: Float32Array, never: number | undefined): Float64Array {
  const a = Float64Array.from(z, (zc, c) => (c === never ? -Infinity : zc));
  const largest = a.reduce((m, ac) => Math.max(m, ac), -Infinity);
  const log = largest + Math.log(a.reduce((s, ac) => s + Math.exp(ac - largest), 0));
  if (Number.isFinite(log)) return a.map((ac) => ac - log);
  throw new GatewiseError(
    'GW_SEQ2SEQ_LOGITS',
    'got NaN or infinity among logits, wanted finite ones; did training go wrong, or are there such numbers in the source?',
  );
}

/** Errors: `GW_SEQ2SEQ_OPTION`. */
export function lengthLimit({ maxLength }: DecodeOptions, { x }: Sources): number {
  const limit = maxLength ?? 2 * (x.shape[1] ?? 0) + 10;
  return checkWhole('maxLength', limit);
}

/** Errors: `GW_SEQ2SEQ_OPTION`. */
export function checkWhole(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new GatewiseError('GW_SEQ2SEQ_OPTION', `got ${name} = ${value}, wanted a whole number of at least 1`);
}
