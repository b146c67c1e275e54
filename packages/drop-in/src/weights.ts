import { type AnyCell, cellNames } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { gatesOf, type Kind } from './cell.js';

/** A cell in place of one of tf.layers'. */
export interface Swap {
  readonly kind: Kind;
  readonly cell: AnyCell;
}

/** Weights of tf.layers as ours, cell by cell: kernel, recurrent kernel, bias where there is one. Inside a tidy. */
export function ourWeights(swaps: readonly Swap[], theirs: readonly tf.Tensor[]): tf.Tensor[] {
  const each = theirs.length / swaps.length;
  return swaps.flatMap(({ kind, cell }, n) => {
    const { input, recurrent, gates } = cellNames(cell);
    return theirs
      .slice(n * each, (n + 1) * each)
      .map((weight, k) => reordered(weight, kind, [input, recurrent, gates][k]!));
  });
}

/** Blocks of columns in the order of our gates; their z keeps where ours lets in: σ(−a) = 1 − σ(a). */
function reordered(weight: tf.Tensor, kind: Kind, gates: readonly string[]): tf.Tensor {
  const theirs = gatesOf[kind];
  if (theirs.length === 1) return tf.clone(weight);
  const blocks = tf.split(weight, theirs.length, -1);
  const ours = gates.map((gate) => {
    const block = blocks[theirs.indexOf(gate)]!;
    return kind === 'GRU' && gate === 'z' ? tf.neg(block) : block;
  });
  return tf.concat(ours, -1);
}
