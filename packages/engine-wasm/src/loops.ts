import type { Combination, RowsById, Spread } from '@gatewise/kernels';

/** values = table[ids] */
export function copyRows({ table, ids, width, values }: RowsById): void {
  for (let i = 0; i < ids.length; i++) {
    const from = ids[i]! * width;
    values.set(table.subarray(from, from + width), i * width);
  }
}

/** table = 0, then table[ids] += values */
export function addRows({ table, ids, width, values }: RowsById): void {
  table.fill(0);
  const rows = table.length / width;
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (!(id >= 0 && id < rows)) continue;
    const [to, from] = [id * width, i * width];
    for (let j = 0; j < width; j++) table[to + j]! += values[from + j]!;
  }
}

/** out = Σ over rows of x [rows, width], in float64 */
export function sumRows(x: Float32Array, out: Float32Array): void {
  const width = out.length;
  const sums = new Float64Array(width);
  for (let at = 0; at < x.length; at += width) {
    for (let j = 0; j < width; j++) sums[j]! += x[at + j]!;
  }
  out.set(sums);
}

/** How far the next row and the next column are. */
const steps = (spread: Spread, width: number): [row: number, column: number] =>
  ({ full: [width, 1], row: [0, 1], column: [1, 0], one: [0, 0] })[spread] as [number, number];

type Loop = (of: Combination, a: [number, number], b: [number, number]) => void;

// a loop for each: one that is told what to do takes several times as long
const loops: Readonly<Record<Combination['by'], Loop>> = {
  add({ rows, width, a, b, out }, [ra, ca], [rb, cb]) {
    for (let i = 0, to = 0; i < rows; i++) {
      for (let j = 0, p = i * ra, q = i * rb; j < width; j++, p += ca, q += cb) out[to++] = a[p]! + b[q]!;
    }
  },
  sub({ rows, width, a, b, out }, [ra, ca], [rb, cb]) {
    for (let i = 0, to = 0; i < rows; i++) {
      for (let j = 0, p = i * ra, q = i * rb; j < width; j++, p += ca, q += cb) out[to++] = a[p]! - b[q]!;
    }
  },
  mul({ rows, width, a, b, out }, [ra, ca], [rb, cb]) {
    for (let i = 0, to = 0; i < rows; i++) {
      for (let j = 0, p = i * ra, q = i * rb; j < width; j++, p += ca, q += cb) out[to++] = a[p]! * b[q]!;
    }
  },
  div({ rows, width, a, b, out }, [ra, ca], [rb, cb]) {
    for (let i = 0, to = 0; i < rows; i++) {
      for (let j = 0, p = i * ra, q = i * rb; j < width; j++, p += ca, q += cb) out[to++] = a[p]! / b[q]!;
    }
  },
};

export function combine(of: Combination): void {
  loops[of.by](of, steps(of.spreadA, of.width), steps(of.spreadB, of.width));
}
