import { foldKey, random } from '@gatewise/core';
import { recurrent } from '@gatewise/layers';
import type { Batch } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs';
import { type Contestant, startOf } from './cells.js';

/** A task: batches by number, and a model with a head behind the recurrent layer. */
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
  model: (units, one, seed) =>
    tf.sequential({
      layers: [
        recurrent({ cell: one.cell, units, seed, ...startOf(one, T), inputShape: [T, 2] }),
        tf.layers.dense({ units: 1, kernelInitializer: tf.initializers.glorotUniform({ seed }) }),
      ],
    }),
});

/** Batches of an epoch: every one is new. */
export const epochOf = ({ batch }: Task, B: number, steps: number, seed: number) =>
  function* (epoch: number): Generator<Batch> {
    for (let k = 0; k < steps; k++) yield batch(foldKey(seed, epoch, k), B);
  };
