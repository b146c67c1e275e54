import {
  activations,
  type Combination,
  type CrossEntropy,
  combinations,
  type Dense,
  functions,
  type Product,
  type RowsById,
  spreads,
} from '@gatewise/kernels';
import { type Addon, guarded } from './addon.js';
import { unfilled } from './unfilled.js';

/** The functions of native/dense.cc. */
export interface DenseAddon {
  /** shape: batches m n k transposeA transposeB repeatA repeatB activation */
  product(
    shape: Int32Array,
    a: Float32Array,
    b: Float32Array,
    bias: Float32Array | null,
    c: Float32Array,
  ): void;
  /** shape: rows classes */
  crossEntropy(
    shape: Int32Array,
    logits: Float32Array,
    ids: Int32Array | null,
    targets: Float32Array | null,
    mask: Float32Array | null,
    gradient: Float32Array | null,
  ): number;
  /** shape: rows width n */
  gatherRows(shape: Int32Array, ids: Int32Array, table: Float32Array, values: Float32Array): void;
  scatterRows(shape: Int32Array, ids: Int32Array, values: Float32Array, table: Float32Array): void;
  /** shape: rows width */
  softmax(shape: Int32Array, x: Float32Array, out: Float32Array): void;
  sumRows(shape: Int32Array, x: Float32Array, out: Float32Array): void;
  apply(which: number, x: Float32Array, out: Float32Array): void;
  /** shape: rows width by spreadA spreadB */
  combine(shape: Int32Array, a: Float32Array, b: Float32Array, out: Float32Array): void;
  /** shape: rows steps units */
  dropout(shape: Int32Array, key: number, rate: number, x: Float32Array, out: Float32Array): void;
}

/** Products, losses and sums of the addon. */
export function nativeDense(addon: Addon): Dense {
  return {
    array: unfilled,
    product: (of) => guarded(() => addon.product(productShape(of), of.a, of.b, of.bias, of.c)),
    crossEntropy: (of) => guarded(() => crossEntropy(addon, of)),
    gatherRows: (of) => guarded(() => addon.gatherRows(rowsShape(of), of.ids, of.table, of.values)),
    scatterRows: (of) => guarded(() => addon.scatterRows(rowsShape(of), of.ids, of.values, of.table)),
    softmax: (x, width, out) => guarded(() => addon.softmax(rowsOf(x, width), x, out)),
    sumRows: (x, out) => guarded(() => addon.sumRows(rowsOf(x, out.length), x, out)),
    apply: (which, x, out) => guarded(() => addon.apply(functions.indexOf(which), x, out)),
    combine: (of) => guarded(() => addon.combine(combinationShape(of), of.a, of.b, of.out)),
    dropout: ({ rows, steps, units, key, rate, x, out }) =>
      guarded(() => addon.dropout(Int32Array.of(rows, steps, units), key, rate, x, out)),
  };
}

function crossEntropy(addon: Addon, of: CrossEntropy): number {
  const { targets: y, mask, gradient } = of;
  const ids = y instanceof Int32Array ? y : null;
  const rows = y instanceof Float32Array ? y : null;
  return addon.crossEntropy(Int32Array.of(of.rows, of.classes), of.logits, ids, rows, mask, gradient);
}

const productShape = (p: Product): Int32Array =>
  Int32Array.of(
    p.batches,
    p.m,
    p.n,
    p.k,
    Number(p.transposeA),
    Number(p.transposeB),
    Number(p.repeatA),
    Number(p.repeatB),
    activations.indexOf(p.activation),
  );

const rowsShape = ({ table, ids, width }: RowsById): Int32Array =>
  Int32Array.of(width === 0 ? 0 : table.length / width, width, ids.length);

const combinationShape = (c: Combination): Int32Array =>
  Int32Array.of(
    c.rows,
    c.width,
    combinations.indexOf(c.by),
    spreads.indexOf(c.spreadA),
    spreads.indexOf(c.spreadB),
  );

const rowsOf = (x: Float32Array, width: number): Int32Array =>
  Int32Array.of(width === 0 ? 0 : x.length / width, width);
