import { additive, gru, gruResetAfter, lstm, lstmOriginal, vanilla } from '@gatewise/cells';
import { type AnyCell, GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { need } from './file.js';

/** The op's weights of one layer. */
export interface OpWeights {
  readonly W: tf.Tensor; // [I, (gates that read x)·H]
  readonly R: tf.Tensor; // [H, (gates that read the operand)·H]
  readonly b: tf.Tensor; // [gates·H]
  readonly vectors?: Record<string, tf.Tensor>; // [H] each
}
type Letters = Readonly<Record<string, tf.Tensor>>;

/** How a cell of the golden files becomes one of ours: differentiable, so gradients come back in the file's letters. */
export interface GoldenCell {
  readonly cell: AnyCell;
  weights(file: Letters): OpWeights;
  /** Of a cell that is composed of tf.js ops: what runs it in place of the op. No engine takes part. */
  run?(file: Letters, sequence: GoldenSequence): { y: tf.Tensor; final: Readonly<Record<string, tf.Tensor>> };
}
/** What one layer is run over. */
interface GoldenSequence {
  readonly x: tf.Tensor; // [B,T,I]
  readonly state0: Readonly<Record<string, tf.Tensor>>; // [B,H] each
  readonly mask?: tf.Tensor; // [B,T]
  readonly reverse: boolean;
  readonly padding: 'zeros' | 'hold';
}
export type GoldenCells = Readonly<Record<string, GoldenCell>>;

const letter = (file: Letters, name: string) => need(file[name], `weight "${name}"`);
const oneBias = (file: Letters): OpWeights => ({
  W: letter(file, 'Wx'),
  R: letter(file, 'Wh'),
  b: letter(file, 'b'),
});

/** A cell whose letters differ from the file's in name alone; `rows` names the rows of [P,H] tensors as vectors. */
export function sameLetters(
  cell: AnyCell,
  rows: Readonly<Record<string, readonly string[]>> = {},
): GoldenCell {
  return {
    cell,
    weights(file) {
      const vectors = Object.entries(rows).flatMap(([name, of]) => {
        const p = letter(file, name); // [rows, H]
        const H = p.size / of.length;
        return of.map((vector, i) => [vector, tf.reshape(tf.slice(p, [i, 0], [1, H]), [H])] as const);
      });
      return { ...oneBias(file), vectors: Object.fromEntries(vectors) };
    },
  };
}

/** A cell that is composed of tf.js ops. */
export function composedCell(
  name: string,
  state: readonly string[],
  run: NonNullable<GoldenCell['run']>,
): GoldenCell {
  const never = () => {
    throw new GatewiseError(
      'GW_GOLDEN_COMPOSED',
      `cell "${name}" is composed of tf.js ops; the op cannot run it`,
    );
  };
  return {
    cell: { name, state, gates: [], saved: [], forward: never, backward: never },
    weights: never,
    run,
  };
}

/** z_theirs = 1 − z_ours, and 1 − σ(a) = σ(−a): the z columns, the first H of 3H, change sign. */
function negateZ(matrix: tf.Tensor): tf.Tensor {
  const H = matrix.shape.at(-1)! / 3;
  return tf.mul(matrix, tf.concat([tf.fill([H], -1), tf.fill([2 * H], 1)]));
}

/** b = [b_z, b_r, b_n, b_q] of the two biases: z and r take their sum, n reads x alone and q the state alone. */
function fourBiases(bx: tf.Tensor, bh: tf.Tensor): tf.Tensor {
  const H = bx.size / 3;
  const both = tf.add(tf.slice(bx, [0], [2 * H]), tf.slice(bh, [0], [2 * H]));
  return tf.concat([both, tf.slice(bx, [2 * H], [H]), tf.slice(bh, [2 * H], [H])]);
}

const twoBiases = (file: Letters): OpWeights => ({
  W: letter(file, 'Wx'),
  R: letter(file, 'Wh'),
  b: fourBiases(letter(file, 'bx'), letter(file, 'bh')),
});

/** The Keras form of a GRU, from the slide's. */
function kerasForm({ cell, weights }: GoldenCell): GoldenCell {
  const negated = ['Wx', 'Wh', 'b', 'bx', 'bh'];
  const flip = (file: Letters) =>
    Object.fromEntries(negated.filter((k) => file[k]).map((k) => [k, negateZ(file[k]!)]));
  return { cell, weights: (file) => weights(flip(file)) };
}

const resetAfter: GoldenCell = { cell: gruResetAfter, weights: twoBiases };

/** The cells of the golden files that this package can run; a caller adds those of plugins. */
export const goldenCells: GoldenCells = {
  rnn_tanh: sameLetters(vanilla),
  additive: sameLetters(additive),
  lstm_original: sameLetters(lstmOriginal),
  lstm: sameLetters(lstm),
  gru_reset_before_slide: sameLetters(gru),
  gru_reset_before_keras: kerasForm(sameLetters(gru)),
  gru_reset_after_slide: resetAfter,
  gru_reset_after_keras: kerasForm(resetAfter),
};
