import { GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';

/** How many steps of each row are real: plain numbers, or int32 [B] (float32 too, as tf.layers feeds its inputs). */
export type Lengths = readonly number[] | tf.Tensor;

/**
 * The mask of right-padded rows, bool [B,T]: true at the first `lengths[b]` steps of row b, none for a length of 0.
 * Plain numbers are checked; a tensor is not read back. Errors: `GW_OP_LENGTHS`.
 *
 * @example lengthsMask([2, 0], 2, 3); // [[true, true, false], [false, false, false]]
 */
export function lengthsMask(lengths: Lengths, B: number, T: number): tf.Tensor2D {
  const given = lengths instanceof tf.Tensor ? null : lengths;
  if (given) checkLengths(given, B, T);
  else if ((lengths as tf.Tensor).size !== B) {
    fail(`got lengths of shape [${(lengths as tf.Tensor).shape}], wanted [${B}], one a row`);
  }
  return tf.tidy(() => {
    // t < L_b
    const L = given ? tf.tensor1d([...given], 'int32') : tf.cast(lengths as tf.Tensor, 'int32');
    return tf.less(tf.reshape(tf.range(0, T, 1, 'int32'), [1, T]), tf.reshape(L, [B, 1])) as tf.Tensor2D;
  });
}

/** Whole numbers from 0 to T, one a row. Errors: `GW_OP_LENGTHS`. */
function checkLengths(lengths: readonly number[], B: number, T: number): void {
  if (lengths.length !== B) fail(`got ${lengths.length} lengths, wanted ${B}, one a row`);
  const at = lengths.findIndex((n) => !(Number.isInteger(n) && n >= 0 && n <= T));
  if (at >= 0) fail(`got the length ${lengths[at]} for row ${at}, wanted a whole number from 0 to T = ${T}`);
}

const fail = (text: string): never => {
  throw new GatewiseError('GW_OP_LENGTHS', text);
};
