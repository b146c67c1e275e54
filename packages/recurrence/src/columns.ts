import * as tf from '@tensorflow/tfjs-core';

/** The blocks of H columns named `wanted`, taken from a matrix [N, of·H] in the order of `wanted`. */
export function columns(
  matrix: tf.Tensor2D, // [N, of·H]
  of: readonly string[],
  wanted: readonly string[],
  H: number,
): tf.Tensor2D {
  if (sameNames(of, wanted)) return matrix;
  const N = matrix.shape[0];
  const parts = runs(of, wanted).map(([from, count]) => tf.slice(matrix, [0, from * H], [N, count * H]));
  return parts.length === 1 ? parts[0]! : tf.concat(parts, 1);
}

/** Cuts [B, names·H] into one [B,H] per name. */
export function cut(matrix: tf.Tensor, names: readonly string[]): Map<string, tf.Tensor> {
  const parts = names.length === 1 ? [matrix] : tf.split(matrix, names.length, 1);
  return new Map(names.map((name, i) => [name, parts[i]!]));
}

const sameNames = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((name, i) => name === b[i]);

/** [first block, number of blocks] of each stretch of neighbours. */
function runs(of: readonly string[], wanted: readonly string[]): [number, number][] {
  const out: [number, number][] = [];
  for (const name of wanted) {
    const at = of.indexOf(name);
    const last = out.at(-1);
    if (last && last[0] + last[1] === at) last[1]++;
    else out.push([at, 1]);
  }
  return out;
}
