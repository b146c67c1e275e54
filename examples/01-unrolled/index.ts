import { useBackend } from '@gatewise/backends';
import { vanilla } from '@gatewise/cells';
import { random } from '@gatewise/core';
import { type Tutorial, table } from '@gatewise/example-figures';
import { vanilla as vanillaLayer } from '@gatewise/layers';
import { recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs';
import { charts } from './chart.js';

// #region product
/** x W: a vector times a matrix. Row i of W says what x_i adds to every result. */
export const times = (x: readonly number[], W: readonly (readonly number[])[]): number[] =>
  W[0]!.map((_, j) => x.reduce((sum, x_i, i) => sum + x_i * W[i]![j]!, 0));
export const plus = (a: readonly number[], b: readonly number[]): number[] => a.map((v, j) => v + b[j]!);
// #endregion

// #region cell
export interface Weights {
  readonly W: number[][]; // [I,H] from the input
  readonly R: number[][]; // [H,H] from the state before
  readonly b: number[]; // [H]
  readonly V: number[][]; // [H,O] from the state to the output
}

/** One step: h_t = tanh(x_t W + h_{t-1} R + b) */
export const step = (x: readonly number[], h: readonly number[], { W, R, b }: Weights): number[] =>
  plus(plus(times(x, W), times(h, R)), b).map(Math.tanh);
// #endregion

// #region unroll
/** The states h_1 … h_T: the same step, with the same weights, once for each input. */
export function unroll(xs: readonly number[][], h0: readonly number[], weights: Weights): number[][] {
  let h = [...h0];
  return xs.map((x) => {
    h = step(x, h, weights);
    return h;
  });
}
// #endregion

// #region shapes
/** y = h V */
const output = (h: readonly number[], { V }: Weights) => times(h, V);

/** One in, many out: every output is the next input. */
function write(x: number[], h0: readonly number[], count: number, weights: Weights): number[][] {
  const ys: number[][] = [];
  let h = h0;
  for (let next = x; ys.length < count; next = ys.at(-1)!) {
    h = step(next, h, weights);
    ys.push(output(h, weights));
  }
  return ys;
}

const byHand = (xs: number[][], h0: number[], w: Weights) => ({
  'one to one': [output(step(xs[0]!, h0, w), w)],
  'one to many': write(xs[0]!, h0, xs.length, w),
  'many to one': [output(unroll(xs, h0, w).at(-1)!, w)],
  'many to many, later': write(xs.at(-1)!, unroll(xs, h0, w).at(-1)!, 3, w),
  'many to many, in step': unroll(xs, h0, w).map((h) => output(h, w)),
});
// #endregion

// #region library
/** The same five with `recur`, which runs a cell over whole sequences of B rows. */
function byLibrary(xs: number[][], w: Weights): Record<string, tf.Tensor> {
  const [W, R, b, V] = [tf.tensor2d(w.W), tf.tensor2d(w.R), tf.tensor1d(w.b), tf.tensor2d(w.V)];
  const run = (x: tf.Tensor, h?: tf.Tensor) =>
    recur(vanilla, { x: tf.reshape(x, [1, -1, W.shape[0]]), W, R, b, ...(h && { state0: { h } }) }); // [1,T,I]
  const sequence = (y: tf.Tensor) => tf.matMul(tf.reshape(y, [-1, w.b.length]), V); // [T,H] → [T,O]
  const writeFrom = (x: tf.Tensor, count: number, h0?: tf.Tensor) => {
    const ys: tf.Tensor2D[] = [];
    let [next, h] = [x, h0];
    while (ys.length < count) {
      h = run(next, h).final.h as tf.Tensor2D;
      const y = tf.matMul(h, V) as tf.Tensor2D; // [1,O]
      ys.push(y);
      next = y;
    }
    return tf.concat(ys);
  };
  const x = tf.tensor2d(xs);
  const [first, last] = [tf.slice(x, [0, 0], [1, -1]), tf.slice(x, [xs.length - 1, 0], [1, -1])];
  return {
    'one to one': sequence(run(first).y),
    'one to many': writeFrom(first, xs.length),
    'many to one': sequence(run(x).final.h as tf.Tensor),
    'many to many, later': writeFrom(last, 3, run(x).final.h as tf.Tensor),
    'many to many, in step': sequence(run(x).y),
  };
}
// #endregion

// #region layers
/** As layers of a tf.layers model, for the two shapes that need nothing else. */
const asLayers = (I: number, H: number, returnSequences: boolean) =>
  tf.sequential({
    layers: [
      vanillaLayer({ units: H, inputShape: [null, I], returnSequences }),
      tf.layers.dense({ units: I, useBias: false }),
    ],
  });
// #endregion

export interface Figures {
  readonly inputs: number;
  readonly units: number;
  readonly weights: number;
  readonly shapes: { shape: string; reads: number; writes: number; first: number; difference: number }[];
}

const reads: Record<string, number> = { 'one to one': 1, 'one to many': 1 };

/** Weights and inputs from a seed; I = O, so that an output can be the next input. */
export function example(T: number, I: number, H: number, seed = 1) {
  const draw = random(seed);
  const matrix = (rows: number, columns: number) =>
    Array.from({ length: rows }, () => Array.from({ length: columns }, () => 0.6 * draw.normal()));
  const weights: Weights = { W: matrix(I, H), R: matrix(H, H), b: matrix(1, H)[0]!, V: matrix(H, I) };
  return { xs: matrix(T, I), weights };
}

async function run(): Promise<Figures> {
  await useBackend('cpu');
  const [T, I, H] = [4, 2, 3];
  const { xs, weights } = example(T, I, H);
  const hand = byHand(xs, Array(H).fill(0), weights);
  const difference = (a: number[][], b: number[][]) =>
    Math.max(...a.flatMap((row, n) => row.map((v, k) => Math.abs(v - b[n]![k]!))));
  const tensors = tf.tidy(() => ({ ...byLibrary(xs, weights), ...layerOutputs(xs, weights) }));
  const shapes: Figures['shapes'] = [];
  for (const [name, y] of Object.entries(tensors)) {
    const [shape, as] = name.split(' as ');
    const wanted = hand[shape as keyof typeof hand];
    const got = (await y.array()) as number[][];
    shapes.push({
      shape: as ? `${shape}, as layers` : name,
      reads: reads[name] ?? T,
      writes: got.length,
      first: wanted[0]![0]!,
      difference: difference(wanted, got),
    });
  }
  tf.dispose(tensors);
  return { inputs: I, units: H, weights: I * H + H * H + H + H * I, shapes };
}

function layerOutputs(xs: number[][], { W, R, b, V }: Weights): Record<string, tf.Tensor> {
  const of = (returnSequences: boolean) => {
    const model = asLayers(xs[0]!.length, b.length, returnSequences);
    model.setWeights([tf.tensor2d(W), tf.tensor2d(R), tf.tensor1d(b), tf.tensor2d(V)]);
    const y = model.predict(tf.tensor3d([xs])) as tf.Tensor;
    model.dispose();
    return tf.reshape(y, [-1, V[0]!.length]) as tf.Tensor2D;
  };
  return { 'many to one as layers': of(false), 'many to many, in step as layers': of(true) };
}

export const tutorial: Tutorial<Figures> = {
  at: import.meta.url,
  run,
  tables: ({ shapes, inputs, units, weights }) => ({
    shapes: table(
      ['shape', 'steps read', 'outputs', 'first number of the first output', 'largest difference'],
      shapes.map((s) => [s.shape, s.reads, s.writes, s.first.toFixed(6), s.difference.toExponential(0)]),
    ),
    weights: table(['numbers in an input', 'in the state', 'weights in all'], [[inputs, units, weights]]),
  }),
  charts,
};
