import { lstm } from '@gatewise/cells';
import type { RecurrentLayer } from '@gatewise/layers';
import { recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs';

export type Gate = 'i' | 'f' | 'o';
/** By gate, step by step, unit by unit: [T][H], all between 0 and 1. */
export type Gates = Readonly<Record<Gate, number[][]>>;

/** What the gates of an LSTM layer do while it reads a text. */
export async function gatesOver(layer: RecurrentLayer, ids: Int32Array): Promise<Gates> {
  const tensors = tf.tidy(() => {
    const [W, R, b] = layer.getWeights() as [tf.Tensor2D, tf.Tensor2D, tf.Tensor1D]; // [V,4H] [H,4H] [4H]
    const H = R.shape[0];
    const x = tf.tensor2d(ids, [1, ids.length], 'int32');
    const h = tf.reshape(recur(lstm, { x, W, R, b }).y, [-1, H]) as tf.Tensor2D; // [T,H]
    const before = tf.concat([tf.zeros([1, H]), tf.slice(h, [0, 0], [ids.length - 1, H])]);
    // a_t = x_t W + h_{t-1} R + b; x_t picks a row of W
    const a = tf.add(tf.add(tf.gather(W, tf.tensor1d(ids, 'int32')), tf.matMul(before, R)), b);
    const [i, f, , o] = tf.split(a, 4, 1).map((block) => tf.sigmoid(block)); // in the order i f g o
    return { i: i!, f: f!, o: o! };
  });
  const read = async (gate: Gate) => (await tensors[gate].array()) as number[][];
  const gates = { i: await read('i'), f: await read('f'), o: await read('o') };
  tf.dispose(tensors);
  return gates;
}

/** How two series go together: 1 in step, −1 opposite, 0 not at all (Pearson's r). */
export function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (v: readonly number[]) => v.reduce((sum, x) => sum + x, 0) / v.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((x, n) => {
    const [da, db] = [x - ma, b[n]! - mb];
    ab += da * db;
    aa += da * da;
    bb += db * db;
  });
  return aa * bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}
