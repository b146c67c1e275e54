import { didYouMean, GatewiseError, type Random } from '@gatewise/core';
import { orthogonal } from './orthogonal.js';

/** A weight of `blocks` matrices [rows, cols] side by side, one a gate: [rows, blocks·cols]. */
interface WeightShape {
  readonly rows: number;
  readonly cols: number;
  readonly blocks: number;
}
type Initialiser = (shape: WeightShape, random: Random) => Float32Array;

const filled =
  (value: number): Initialiser =>
  ({ rows, cols, blocks }) =>
    new Float32Array(rows * cols * blocks).fill(value);

/** U(−limit, limit) */
function uniform({ rows, cols, blocks }: WeightShape, random: Random, limit: number): Float32Array {
  return Float32Array.from({ length: rows * cols * blocks }, () => (2 * random.uniform() - 1) * limit);
}

/** One matrix a gate, side by side. */
const perGate =
  (block: (rows: number, cols: number, random: Random) => ArrayLike<number>): Initialiser =>
  ({ rows, cols, blocks }, random) => {
    const all = new Float32Array(rows * cols * blocks);
    for (let g = 0; g < blocks; g++) {
      const one = block(rows, cols, random);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < cols; j++) all[(i * blocks + g) * cols + j] = one[i * cols + j]!;
      }
    }
    return all;
  };

const initialisers = {
  zeros: filled(0),
  ones: filled(1),
  /** U(−l, l), l = √(6 / (rows + all columns)): as in Keras, over the whole kernel, not gate by gate (Glorot and Bengio, 2010). */
  glorotUniform: (shape, random) =>
    uniform(shape, random, Math.sqrt(6 / (shape.rows + shape.cols * shape.blocks))),
  /** U(−0.05, 0.05), as in Keras. */
  uniform: (shape, random) => uniform(shape, random, 0.05),
  /** Gate by gate (Saxe, McClelland and Ganguli, 2013). */
  orthogonal: perGate(orthogonal),
  /** Gate by gate: the start of an IRNN (Le, Jaitly and Hinton, 2015). */
  identity: perGate((rows, cols) =>
    Float32Array.from({ length: rows * cols }, (_, n) => Number(Math.floor(n / cols) === n % cols)),
  ),
} satisfies Record<string, Initialiser>;

export type InitialiserName = keyof typeof initialisers;
export const initialiserNames = Object.keys(initialisers) as readonly InitialiserName[];

/** Errors: `GW_LAYER_INITIALISER`. */
export function checkInitialiser(option: string, name: unknown): void {
  if (initialiserNames.includes(name as InitialiserName)) return;
  throw new GatewiseError(
    'GW_LAYER_INITIALISER',
    `got ${option} = ${String(name)}, wanted one of ${initialiserNames.join(', ')}` +
      didYouMean(String(name), initialiserNames),
  );
}

/** The starting values of a weight, row by row. */
export function initialise(name: InitialiserName, shape: WeightShape, random: Random): Float32Array {
  return initialisers[name](shape, random);
}
