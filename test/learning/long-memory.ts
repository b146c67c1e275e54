import { irnn } from '@gatewise/cell-irnn';
import { additive, gru, lstm, lstmOriginal, vanilla } from '@gatewise/cells';
import { type AnyCell, foldKey, random } from '@gatewise/core';
import { recurrent } from '@gatewise/layers';
import type { Batch } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs';

/** Who takes part, with what their papers start them from. */
export const contestants = [
  { name: 'vanilla', cell: vanilla, options: {} },
  { name: 'IRNN', cell: irnn, options: { recurrentInitializer: 'identity' } },
  { name: 'additive', cell: additive, options: {} },
  { name: 'original LSTM', cell: lstmOriginal, options: {} },
  { name: 'LSTM', cell: lstm, options: {} },
  { name: 'LSTM, chrono start', cell: lstm, options: { biasInitializer: 'chrono' } },
  { name: 'GRU', cell: gru, options: {} },
] as const satisfies readonly {
  name: string;
  cell: AnyCell;
  options: { recurrentInitializer?: 'identity'; biasInitializer?: 'chrono' };
}[];

export type Contestant = (typeof contestants)[number];

/** The chrono start is told how far back there is something to remember. */
const startOf = (options: Contestant['options'], T: number) =>
  'biasInitializer' in options ? { ...options, memoryLength: T } : options;

/** A task: batches by number, a head behind the recurrent layer, and what a model scores that knows nothing. */
export interface Task {
  readonly title: string;
  readonly T: number;
  /** Features of an input step. */
  readonly I: number;
  readonly loss: 'meanSquaredError' | 'softmaxCrossEntropy';
  batch(seed: number, B: number): Batch;
  model(units: number, one: Contestant, seed: number): tf.LayersModel;
}

/** The adding problem (Hochreiter and Schmidhuber, 1997): numbers of [0,1), two of them marked; the target is their sum. */
export const adding = (T: number): Task => ({
  title: `adding, T = ${T}`,
  T,
  I: 2,
  loss: 'meanSquaredError',
  batch(seed, B) {
    const r = random(seed);
    const x = new Float32Array(B * T * 2);
    const y = new Float32Array(B);
    for (let b = 0; b < B; b++) {
      for (let t = 0; t < T; t++) x[(b * T + t) * 2] = r.uniform();
      // one in each half
      for (const t of [r.int(T / 2), T / 2 + r.int(T / 2)]) {
        x[(b * T + t) * 2 + 1] = 1;
        y[b]! += x[(b * T + t) * 2]!;
      }
    }
    return { x: tf.tensor(x, [B, T, 2]), y: tf.tensor(y, [B, 1]) };
  },
  model: (units, { cell, options }, seed) =>
    tf.sequential({
      layers: [
        recurrent({ cell, units, seed, ...startOf(options, T), inputShape: [T, 2] }),
        tf.layers.dense({ units: 1, kernelInitializer: tf.initializers.glorotUniform({ seed }) }),
      ],
    }),
});

const SYMBOLS = 8;
/** The copy task (Hochreiter and Schmidhuber, 1997): `length` symbols, then `delay` blanks, a signal, and the symbols again. */
export const copying = (length: number, delay: number): Task => {
  const T = 2 * length + delay;
  const [blank, signal] = [SYMBOLS, SYMBOLS + 1];
  return {
    title: `copy, ${length} symbols of ${SYMBOLS} over ${delay} blanks`,
    T,
    I: SYMBOLS + 2,
    loss: 'softmaxCrossEntropy',
    batch(seed, B) {
      const r = random(seed);
      const x = new Int32Array(B * T).fill(blank);
      const y = new Int32Array(B * length);
      for (let b = 0; b < B; b++) {
        for (let k = 0; k < length; k++) x[b * T + k] = y[b * length + k] = r.int(SYMBOLS);
        x[b * T + length + delay - 1] = signal;
      }
      return { x: tf.tensor(x, [B, T], 'int32'), y: tf.tensor(y, [B, length], 'int32') };
    },
    model: (units, { cell, options }, seed) =>
      tf.sequential({
        layers: [
          recurrent({
            cell,
            units,
            seed,
            ...startOf(options, T),
            inputDim: SYMBOLS + 2,
            batchInputShape: [null, T],
            returnSequences: true,
          }),
          // the steps of the answer alone
          tf.layers.reshape({ targetShape: [T, units, 1] }),
          tf.layers.cropping2D({
            cropping: [
              [T - length, 0],
              [0, 0],
            ],
          }),
          tf.layers.reshape({ targetShape: [length, units] }),
          tf.layers.dense({ units: SYMBOLS, kernelInitializer: tf.initializers.glorotUniform({ seed }) }),
        ],
      }),
  };
};

/** The most units that keep the recurrent layer within a number of parameters. */
export function unitsWithin({ cell }: Contestant, I: number, parameters: number): number {
  const G = cell.gates.length;
  let H = 1;
  while (G * (H + 1) * (I + H + 2) <= parameters) H++;
  return H;
}

/** Batches of an epoch: every one is new. */
export const epochOf = ({ batch }: Task, B: number, steps: number, seed: number) =>
  function* (epoch: number): Generator<Batch> {
    for (let k = 0; k < steps; k++) yield batch(foldKey(seed, epoch, k), B);
  };
