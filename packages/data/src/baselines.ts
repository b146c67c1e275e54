import { GatewiseError } from '@gatewise/core';
import { checkCount } from './batch.js';

export interface BaselineOptions {
  /** V: ids are 0 … V − 1. */
  readonly size: number;
  /** α of additive smoothing; 1 when absent. */
  readonly smoothing?: number;
}

/**
 * Bits per symbol of a unigram model: fitted on `train`, scored on heldOut[1 …].
 *
 * p(c) = (n_c + α) / (N + α·V), bits = −mean log₂ p(c)
 *
 * The first held-out symbol is only context, as it is for a bigram model or a network: all are scored on the same symbols.
 * Source: Jurafsky and Martin, "Speech and Language Processing", ch. 3. Errors: `GW_DATA_TOO_SHORT`, `GW_DATA_UNKNOWN_ID`, `GW_DATA_SMOOTHING`.
 *
 * @example
 * const bits = unigramBits(encode(train), encode(heldOut), { size });
 */
export function unigramBits(
  train: ArrayLike<number>, // [N]
  heldOut: ArrayLike<number>, // [M]
  { size: V, smoothing: α = 1 }: BaselineOptions,
): number {
  check(train, heldOut, V, α);
  const n = new Float64Array(V);
  for (let t = 0; t < train.length; t++) n[train[t]!]! += 1;
  return meanBits(heldOut, (t) => (n[heldOut[t]!]! + α) / (train.length + α * V));
}

/**
 * Bits per symbol of a conditional bigram model: fitted on `train`, scored on heldOut[1 …].
 *
 * p(c | b) = (n_bc + α) / (n_b + α·V), bits = −mean log₂ p(c_t | c_{t−1})
 *
 * Source and errors as for `unigramBits`.
 */
export function bigramBits(
  train: ArrayLike<number>, // [N]
  heldOut: ArrayLike<number>, // [M]
  { size: V, smoothing: α = 1 }: BaselineOptions,
): number {
  check(train, heldOut, V, α);
  const pairs = new Map<number, number>();
  const firsts = new Float64Array(V);
  for (let t = 1; t < train.length; t++) {
    const b = train[t - 1]!;
    const pair = b * V + train[t]!;
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
    firsts[b]! += 1;
  }
  return meanBits(heldOut, (t) => {
    const b = heldOut[t - 1]!;
    return ((pairs.get(b * V + heldOut[t]!) ?? 0) + α) / (firsts[b]! + α * V);
  });
}

/** −mean log₂ p_t over t = 1 … M − 1. */
function meanBits(heldOut: ArrayLike<number>, p: (t: number) => number): number {
  let bits = 0;
  for (let t = 1; t < heldOut.length; t++) bits -= Math.log2(p(t));
  return bits / (heldOut.length - 1);
}

function check(train: ArrayLike<number>, heldOut: ArrayLike<number>, V: number, α: number): void {
  checkCount('GW_DATA_SIZE', 'size', V);
  if (!(α > 0 && Number.isFinite(α))) {
    throw new GatewiseError(
      'GW_DATA_SMOOTHING',
      `got smoothing = ${α}, wanted a number above 0: unseen symbols need a share`,
    );
  }
  for (const [name, ids] of Object.entries({ train, heldOut })) {
    if (ids.length < 2) {
      throw new GatewiseError('GW_DATA_TOO_SHORT', `got ${ids.length} ids in ${name}, wanted at least 2`);
    }
    for (let t = 0; t < ids.length; t++) {
      const id = ids[t]!;
      if (!(Number.isInteger(id) && id >= 0 && id < V)) {
        throw new GatewiseError(
          'GW_DATA_UNKNOWN_ID',
          `got id ${id} in ${name}, wanted 0 to ${V - 1}; is size the vocabulary's?`,
        );
      }
    }
  }
}
