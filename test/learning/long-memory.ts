import { random } from '@gatewise/core';
import { startOf, type Task } from '@gatewise/example-tasks';
import { recurrent } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs';

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
    model: (units, one, seed) =>
      tf.sequential({
        layers: [
          recurrent({
            cell: one.cell,
            units,
            seed,
            ...startOf(one, T),
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
