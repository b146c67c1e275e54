import { lstm } from '@gatewise/cells';
import { type AnyCell, random } from '@gatewise/core';
import { recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import type { Sizes } from './names.js';

/** How long a step takes, and how much of it was run to know. */
export interface StepTime {
  /** Milliseconds of the whole step; where a part of it was run, as many times that as it takes; of the part if `beaten`. */
  readonly ms: number;
  /** The part that was run, 1 for all of it. */
  readonly part: number;
  /** The part alone took clearly longer than the best whole step. */
  readonly beaten: boolean;
}

/** Slower than the best by this factor is clearly slower, and below so many ms not worth an end. */
const [CLEARLY, QUICK] = [1.5, 20] as const;
/** A candidate has this long, in ms, after what it compiles. */
const PATIENCE = 1500;
/** The whole step is run this often, or for this many ms. */
const [RUNS, ENOUGH] = [20, 300] as const;
/** Multiplications of the first, smallest run, about. */
const FIRST = 2e7;

/**
 * Times a training step of an LSTM on the backend in use: forward and the gradients of x, W, R and b, until they can be
 * read. It begins with a few rows of one time step and goes on to more, so that what is clearly slower than `best` (ms)
 * ends early, and what is too slow for its patience is known by a part. `alive` throws where nobody waits any more.
 */
export async function timeStep(sizes: Sizes, best: number, alive: () => void): Promise<StepTime> {
  const { B, T, I, H } = sizes;
  const weights = [values([I, 4 * H], 1), values([H, 4 * H], 2), values([4 * H], 3)] as const;
  try {
    let [b, t] = [Math.max(1, Math.min(B, Math.floor(FIRST / ((I + H) * 4 * H)))), 1];
    await once(weights, { ...sizes, B: b, T: t }); // compiles
    alive();
    const end = performance.now() + PATIENCE;
    const enough = Math.max(CLEARLY * best, QUICK);
    for (;;) {
      const part = (b * t) / (B * T);
      const ms = await least(weights, { ...sizes, B: b, T: t }, { part, enough, alive });
      if (part === 1) return { ms, part, beaten: false };
      if (ms > enough) return { ms, part, beaten: true };
      const more = Math.floor(Math.min(4, (end - performance.now()) / (2 * ms)) * t);
      const next = b < B ? 1 : Math.min(T, Math.max(more, 0));
      const expected = (ms * B * next) / (b * t);
      if (next * B <= b * t || performance.now() + expected > end)
        return { ms: ms / part, part, beaten: false };
      [b, t] = [B, next];
    }
  } finally {
    tf.dispose(weights as unknown as tf.Tensor[]);
  }
}

type Weights = readonly [tf.Tensor, tf.Tensor, tf.Tensor]; // W [I,4H], R [H,4H], b [4H]

/** The least of some runs: whatever else the machine does only adds. A part is run again where it seems beaten. */
async function least(
  weights: Weights,
  sizes: Sizes,
  { part, enough, alive }: { part: number; enough: number; alive: () => void },
): Promise<number> {
  let [ms, spent] = [Number.POSITIVE_INFINITY, 0];
  for (let n = 0; n < RUNS && spent < ENOUGH; n++) {
    const took = await once(weights, sizes);
    alive();
    ms = Math.min(ms, took);
    spent += took;
    const settled = part < 1 ? ms <= enough || n === 1 : n > 0 && ms > enough;
    if (settled) break;
  }
  return ms;
}

/** Milliseconds of one step; what it computes is disposed of. */
async function once([W, R, b]: Weights, { B, T, I, H }: Sizes): Promise<number> {
  const x = values([B, T, I], 4);
  const dy = values([B, T, H], 5);
  let made: tf.Tensor[] = [];
  try {
    const step = (...[x, W, R, b]: tf.Tensor[]) =>
      recur(lstm as unknown as AnyCell, { x: x as tf.Tensor3D, W: W!, R: R!, b: b! }).y;
    const begun = performance.now();
    made = tf.tidy(() => tf.grads(step)([x, W, R, b], dy));
    await firstOf(made[0]!);
    return performance.now() - begun;
  } finally {
    tf.dispose([x, dy, ...made]);
  }
}

/** A device works in order: where a number can be read, all that was asked for before has run. */
async function firstOf(tensor: tf.Tensor): Promise<void> {
  const first = tf.tidy(() => tf.slice(tf.reshape(tensor, [-1]), 0, 1));
  try {
    await first.data();
  } finally {
    first.dispose();
  }
}

/** Small numbers, drawn once; they repeat, since drawing is slower than some of what is timed. */
function values(shape: readonly number[], from: number): tf.Tensor {
  const all = new Float32Array(shape.reduce((a, b) => a * b, 1));
  const block = drawn();
  for (let i = 0; i < all.length; i += block.length) all.set(block.subarray(0, all.length - i), i);
  all.set(block.subarray(from, from + all.length)); // no two tensors begin alike
  return tf.tensor(all, [...shape]);
}

let block: Float32Array | undefined;
function drawn(): Float32Array {
  if (block) return block;
  const stream = random(1);
  block = Float32Array.from({ length: 4096 }, () => 0.2 * stream.normal());
  return block;
}
