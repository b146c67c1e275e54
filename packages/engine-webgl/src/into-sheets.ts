import type { Tensor } from '@tensorflow/tfjs-core';
import { fourRows, makeSheet, reader } from './tf-program.js';

/** Sizes and order of the steps: sheets go by n, the step in the order of the recurrence. */
export interface Order {
  readonly B: number;
  readonly T: number;
  readonly B4: number;
  readonly reverse: boolean;
}
const stepsOf = ({ B, T, B4, reverse }: Order) =>
  ({ B, T, B4, t: reverse ? `${T - 1} - y / ${B4}` : `y / ${B4}`, g: `y % ${B4}` }) as const;
const key = (name: string, order: Order, ...more: unknown[]) =>
  [name, order.B, order.T, Number(order.reverse), ...more].join(' ');

/** [B,T,N] → rows of (n, four of the batch); what is masked is 0, never read. */
export function stepsSheet(order: Order, x: Tensor, mask: Tensor | null): Tensor {
  const { B, T, B4, t, g } = stepsOf(order);
  const N = x.shape[2]!;
  const value = fourRows(B, g, (b) => `readX(${b}, ${t}, j)`);
  return makeSheet(
    key('steps', order, N, mask !== null),
    mask ? { X: x, M: mask } : { X: x },
    [T * B4, N],
    reader('X', 3),
    mask ? `mix(vec4(0.), ${value}, ${isReal})` : value,
  );
}
const isReal = 'greaterThan(texelFetch(M, ivec2(0, y), 0), vec4(.5))';

/** dY [B,T,H], 0 where masked, and what arrived at the final state [B,H] added at the last step. */
export function upstreamSheet(order: Order, dy: Tensor, dfinal: Tensor, mask: Tensor | null): Tensor {
  const { B, T, B4, t, g } = stepsOf(order);
  const H = dy.shape[2]!;
  const value = fourRows(B, g, (b) => `readY(${b}, ${t}, j)`);
  const last = `(y / ${B4} == ${T - 1} ? ${fourRows(B, g, (b) => `readF(${b}, j)`)} : vec4(0.))`;
  return makeSheet(
    key('upstream', order, H, mask !== null),
    mask ? { Y: dy, F: dfinal, M: mask } : { Y: dy, F: dfinal },
    [T * B4, H],
    `${reader('Y', 3)}\n${reader('F', 2)}`,
    `${mask ? `mix(vec4(0.), ${value}, ${isReal})` : value} + ${last}`,
  );
}

/** [B,N] → rows of four of the batch. */
export const rowsSheet = ({ B, B4 }: Order, x: Tensor): Tensor =>
  makeSheet(
    `rows ${B}`,
    { X: x },
    [B4, x.shape[1]!],
    reader('X', 2),
    fourRows(B, 'y', (b) => `readX(${b}, j)`),
  );

/** [B,T] of truth → 1 and 0, one column. */
export function maskSheet(order: Order, mask: Tensor): Tensor {
  const { B, T, B4, t, g } = stepsOf(order);
  const value = fourRows(B, g, (b) => `(readX(${b}, ${t}) != 0. ? 1. : 0.)`);
  return makeSheet(key('mask', order), { X: mask }, [T * B4, 1], reader('X', 2), value);
}

/** Ids [B,T], one column; −1 where masked and beyond the batch. */
export function idsSheet(order: Order, ids: Tensor, mask: Tensor | null): Tensor {
  const { B, T, B4, t, g } = stepsOf(order);
  const value = `${fourRows(B, g, (b) => `readX(${b}, ${t}) + 1.`)}`;
  return makeSheet(
    key('ids', order, mask !== null),
    mask ? { X: ids, M: mask } : { X: ids },
    [T * B4, 1],
    reader('X', 2),
    `${mask ? `mix(vec4(0.), ${value}, ${isReal})` : value} - 1.`,
  );
}

/** x W + b of one gate, where x are ids: rows of W. */
export function gatherSheet(
  order: Order,
  ids: Tensor,
  W: Tensor,
  b: Tensor,
  H: number,
  [block, gate]: readonly [number, number],
): Tensor {
  const one = (m: string) => `(id.${m} < 0 ? 0. : readW(id.${m}, ${block * H} + j))`;
  return makeSheet(
    key('gather', order, H, block, gate),
    { S: ids, W, P: b },
    [order.T * order.B4, H],
    `${reader('W', 2)}\n${reader('P', 1)}
    vec4 gather(int y, int j) {
      ivec4 id = ivec4(texelFetch(S, ivec2(0, y), 0));
      return vec4(${['x', 'y', 'z', 'w'].map(one).join(', ')}) + readP(${gate * H} + j);
    }`,
    'gather(y, j)',
  );
}

/** Weights [K, blocks·H] → texel = rows 4k…4k+3 of a column, block under block. */
export function weightsSheet(W: Tensor, blocks: number): Tensor {
  const [K, width] = W.shape as [number, number];
  const [K4, H] = [Math.ceil(K / 4), width / blocks];
  const value = fourRows(K, `y % ${K4}`, (k) => `readX(${k}, y / ${K4} * ${H} + j)`);
  return makeSheet(`weights ${K} ${blocks}`, { X: W }, [blocks * K4, H], reader('X', 2), value);
}

/** The same of Wᵀ: texel = columns 4k…4k+3 of a row of W in a block. */
export function transposedSheet(W: Tensor, blocks: number): Tensor {
  const [K, width] = W.shape as [number, number];
  const H = width / blocks;
  const H4 = Math.ceil(H / 4);
  const value = fourRows(H, `y % ${H4}`, (k) => `readX(j, y / ${H4} * ${H} + ${k})`);
  return makeSheet(`transposed ${H} ${blocks}`, { X: W }, [blocks * H4, K], reader('X', 2), value);
}

/** b [gates·H] → four gates a texel. */
export const biasSheet = (b: Tensor, gates: number): Tensor => {
  const H = b.size / gates;
  return makeSheet(
    `bias ${gates} ${H}`,
    { X: b },
    [Math.ceil(gates / 4), H],
    reader('X', 1),
    fourRows(gates, 'y', (q) => `readX((${q}) * ${H} + j)`),
  );
};

/** Vectors [H] → four of them a texel. */
export function vectorsSheet(vectors: readonly Tensor[]): Tensor {
  const names = vectors.map((_, k) => `X${k}`);
  const pick = (row: number) => {
    const values = [0, 1, 2, 3]
      .map((m) => names[4 * row + m])
      .map((name) => (name ? `read${name}(j)` : '0.'));
    return `vec4(${values.join(', ')})`;
  };
  const rows = Math.ceil(vectors.length / 4);
  const value = Array.from({ length: rows }, (_, row) => row).reduceRight(
    (rest, row) => `(y == ${row} ? ${pick(row)} : ${rest})`,
    'vec4(0.)',
  );
  return makeSheet(
    `vectors ${vectors.length}`,
    Object.fromEntries(names.map((name, k) => [name, vectors[k]!])),
    [rows, vectors[0]!.size],
    names.map((name) => reader(name, 1)).join('\n'),
    value,
  );
}
