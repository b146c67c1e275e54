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

/** Of b alone there is one more, that knows the gates. */
export type BiasInitialiserName = InitialiserName | 'chrono';

/** Errors: `GW_LAYER_INITIALISER`. */
export function checkInitialiser(option: string, name: unknown): void {
  const names: readonly string[] =
    option === 'biasInitializer' ? [...initialiserNames, 'chrono'] : initialiserNames;
  if (names.includes(name as string)) return;
  throw new GatewiseError(
    'GW_LAYER_INITIALISER',
    `got ${option} = ${String(name)}, wanted one of ${names.join(', ')}${didYouMean(String(name), names)}`,
  );
}

/** The starting values of a weight, row by row. */
export function initialise(name: InitialiserName, shape: WeightShape, random: Random): Float32Array {
  return initialisers[name](shape, random);
}

/** The gates that chrono starts, and the sign of ln u: f and i of an LSTM, z of a GRU (h = (1 − z) ⊗ h' + z ⊗ n). */
export function chronoGates(gates: readonly string[]): Readonly<Record<string, 1 | -1>> | null {
  if (gates.includes('f')) return gates.includes('i') ? { f: 1, i: -1 } : { f: 1 };
  return gates.includes('z') ? { z: -1 } : null;
}

/**
 * b_f = ln u, b_i = −ln u, u ~ U(1, T − 1), so that units remember for 1 to T steps; b_z = −ln u for a GRU
 * (Tallec and Ollivier, 2018). The other gates start at 0.
 */
export function chrono(gates: readonly string[], H: number, T: number, random: Random): Float32Array {
  const b = new Float32Array(gates.length * H);
  const lnU = Float32Array.from({ length: H }, () => Math.log(1 + random.uniform() * (T - 2)));
  for (const [gate, sign] of Object.entries(chronoGates(gates) ?? {})) {
    b.set(
      lnU.map((v) => sign * v),
      gates.indexOf(gate) * H,
    );
  }
  return b;
}
