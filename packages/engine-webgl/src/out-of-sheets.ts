import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Order } from './into-sheets.js';
import { runProgram } from './tf-program.js';

/** The two textures of a sheet: steps of even n, steps of odd n. */
export type Pair = readonly [Tensor, Tensor];

/** Writes `value(…row, column)` to an output of any rank up to 3, in tf.js' blocks of 2 × 2. */
function blocks(shape: readonly number[]): string {
  const rank = shape.length;
  const columns = shape[rank - 1]!;
  const rows = rank > 1 ? shape[rank - 2]! : 1;
  const [lead, row, column] = [
    ['', '', 'rc.x, '][rank - 1]!,
    ['0', 'rc.x', 'rc.y'][rank - 1]!,
    ['rc', 'rc.y', 'rc.z'][rank - 1]!,
  ];
  const type = ['int', 'ivec2', 'ivec3'][rank - 1]!;
  const at = (dr: number, dc: number) =>
    `(${row} + ${dr} < ${rows} && ${column} + ${dc} < ${columns} ? value(${lead}${row} + ${dr}, ${column} + ${dc}) : 0.)`;
  return `void main() { ${type} rc = getOutputCoords(); setOutput(vec4(${at(0, 0)}, ${at(0, 1)}, ${at(1, 0)}, ${at(1, 1)})); }`;
}

/** A texel of one of several textures, by number. */
const pick = (names: readonly string[], which: string, column: string, row: string): string =>
  names.length === 1
    ? `texelFetch(${names[0]}, ivec2(${column}, ${row}), 0)`
    : names
        .slice(0, -1)
        .reduceRight(
          (rest, name, k) => `${which} == ${k} ? texelFetch(${name}, ivec2(${column}, ${row}), 0) : ${rest}`,
          `texelFetch(${names.at(-1)}, ivec2(${column}, ${row}), 0)`,
        );

interface StepsOptions {
  /** 0 where it says so. */
  readonly mask?: Tensor | null;
  /** Column j in pair j % pairs, instead of pairs side by side. */
  readonly mixed?: boolean;
}

/** A draw reads at most 16 textures: more are joined afterwards. Sheets of every step, side by side → [B,T, pairs·N]; 0 where the mask sheet says so. */
export function fromSteps(
  order: Order,
  pairs: readonly Pair[],
  N: number,
  { mask = null, mixed = false }: StepsOptions = {},
): Tensor {
  if (pairs.length > 7) {
    const parts = [pairs.slice(0, 7), pairs.slice(7)].map((some) =>
      fromSteps(order, some, N, { mask, mixed }),
    );
    return tf.concat(parts, -1);
  }
  const { B, T, B4, reverse } = order;
  const names = pairs.map((_, k) => [`E${k}`, `O${k}`] as const);
  const inputs = Object.fromEntries(
    pairs.flatMap((pair, k) => names[k]!.map((name, odd) => [name, pair[odd]!] as const)),
  );
  const width = mixed ? N : pairs.length * N;
  const shape = [B, T, width];
  const [even, odd] = [0, 1].map((p) =>
    pick(
      names.map((pair) => pair[p]!),
      'q',
      'j',
      'row',
    ),
  );
  const code = () => `
    float value(int b, int t, int column) {
      int n = ${reverse ? `${T - 1} - t` : 't'}, row = (n >> 1) * ${B4} + (b >> 2);
      int q = ${mixed ? `column % ${pairs.length}` : `column / ${N}`}, j = ${mixed ? `column / ${pairs.length}` : `column - q * ${N}`};
      ${mask ? `if (texelFetch(M, ivec2(0, n * ${B4} + (b >> 2)), 0)[b & 3] < .5) return 0.;` : ''}
      vec4 v;
      if ((n & 1) == 0) v = ${even}; else v = ${odd};
      return v[b & 3];
    }
    ${blocks(shape)}`;
  const all = mask ? { ...inputs, M: mask } : inputs;
  return runProgram(
    ['every step', B, T, N, reverse, mask !== null, pairs.length].join(' '),
    all,
    shape,
    code,
  );
}

/** Four rows of the batch a texel, from a row on → [B,N]. */
export const fromRows = (B: number, N: number, sheet: Tensor, first: number): Tensor =>
  runProgram(
    'some rows',
    { X: sheet },
    [B, N],
    () => `
    float value(int b, int column) { return texelFetch(X, ivec2(column, first + (b >> 2)), 0)[b & 3]; }
    ${blocks([B, N])}`,
    first,
  );

/**
 * Gradients by gate, four rows of K a texel → [K, gates·H]; K = 0 is a vector [gates·H]. A gate may lie in several sheets:
 * column j in sheet j % sheets.
 */
export function fromBlocks(K: number, H: number, gates: readonly (readonly Tensor[])[]): Tensor {
  let count = 0;
  const end = gates.findIndex(({ length }) => {
    count += length;
    return count > 15;
  });
  if (end > 0) {
    const parts = [gates.slice(0, end), gates.slice(end)].map((some) => fromBlocks(K, H, some));
    return tf.concat(parts, -1);
  }
  const names = gates.map((sheets, q) => sheets.map((_, c) => `X${q}s${c}`));
  const shape = K === 0 ? [gates.length * H] : [K, gates.length * H];
  const texels = names.map((some) => pick(some, `j % ${some.length}`, `j / ${some.length}`, 'k >> 2'));
  const texel = texels.reduceRight((rest, one, q) => `q == ${q} ? (${one}) : (${rest})`);
  return runProgram(
    `blocks ${K} ${H} ${gates.map(({ length }) => length)}`,
    Object.fromEntries(names.flatMap((some, q) => some.map((name, c) => [name, gates[q]![c]!] as const))),
    shape,
    () => `
    float value(int k, int column) {
      int q = column / ${H}, j = column - q * ${H};
      return (${texel})[k & 3];
    }
    ${blocks(shape)}`,
  );
}
