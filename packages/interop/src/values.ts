import type { Values } from './model.js';

export const sizeOf = (shape: readonly number[]): number => shape.reduce((n, m) => n * m, 1);
export const showShape = (shape: readonly (number | null)[]): string =>
  `[${shape.map((n) => n ?? '?').join(', ')}]`;

/** [m, n] to [n, m]. */
export function transposed({ shape, data }: Values): Values {
  const [m, n] = shape as [number, number];
  const out = new Float32Array(data.length);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) out[j * m + i] = data[i * n + j]!;
  return { shape: [n, m], data: out };
}

/** Row k of the first axis. */
export function rowOf({ shape, data }: Values, k: number): Values {
  const rest = shape.slice(1);
  const size = sizeOf(rest);
  return { shape: rest, data: data.slice(k * size, (k + 1) * size) };
}

/** Tensors of one shape under each other: a new first axis. */
export function stacked(rows: readonly Values[]): Values {
  const data = new Float32Array(rows.reduce((n, row) => n + row.data.length, 0));
  let at = 0;
  for (const row of rows) {
    data.set(row.data, at);
    at += row.data.length;
  }
  return { shape: [rows.length, ...(rows[0]?.shape ?? [])], data };
}

/** A change of gate blocks: their order in the last axis, and gates whose sign changes. */
export interface GateOrder {
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** z_theirs = 1 − z_ours, and 1 − σ(a) = σ(−a): what belongs to z changes sign, exactly. */
  readonly negated?: string;
}

/** Reorders the gate blocks of the last axis. */
export function withGates({ shape, data }: Values, { from, to, negated }: GateOrder): Values {
  const width = shape.at(-1)!;
  const H = width / from.length;
  const rows = width === 0 ? 0 : data.length / width;
  const out = new Float32Array(rows * to.length * H);
  to.forEach((gate, block) => {
    const at = from.indexOf(gate);
    const sign = gate === negated ? -1 : 1;
    for (let row = 0; row < rows; row++) {
      for (let j = 0; j < H; j++) {
        out[(row * to.length + block) * H + j] = sign * data[row * width + at * H + j]!;
      }
    }
  });
  return { shape: [...shape.slice(0, -1), to.length * H], data: out };
}

/** The way back. */
export const inverse = ({ from, to, negated }: GateOrder): GateOrder => ({
  from: to,
  to: from,
  ...(negated !== undefined && { negated }),
});

/** a + b, rounded once to float32; what is added to zero stays as it is, its sign too. */
export function summed(a: Values, b: Values | undefined): Values {
  if (!b) return a;
  const data = a.data.map((v, i) => (b.data[i] === 0 ? v : v === 0 ? b.data[i]! : v + b.data[i]!));
  return { shape: a.shape, data };
}

/** Whether a + b is a float32 in every place. */
export const sumsExactly = (a: Values, b: Values): boolean =>
  a.data.every((v, i) => Math.fround(v + b.data[i]!) === v + b.data[i]!);

/** Numbers as float32, and how many of them were none. */
export function rounded(data: Float32Array | Float64Array): { data: Float32Array; changed: number } {
  if (data instanceof Float32Array) return { data, changed: 0 };
  const out = Float32Array.from(data);
  let changed = 0;
  for (let i = 0; i < data.length; i++) if (!Object.is(out[i], data[i])) changed++;
  return { data: out, changed };
}

/** Entries from `begin` to `end` of a vector. */
export const sliced = ({ data }: Values, begin: number, end: number): Values => ({
  shape: [end - begin],
  data: data.slice(begin, end),
});
