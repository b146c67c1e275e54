import { GatewiseError } from '@gatewise/core';
import {
  activations,
  type Combination,
  type CrossEntropy,
  combinations,
  type Dropout,
  type FunctionName,
  functions,
  type Product,
  type RowsById,
  type Spread,
} from '@gatewise/kernels';

type Numbers = Float32Array | Int32Array;

/** Errors of this file: `GW_ENGINE_ARGUMENTS`. */
export function checkProduct(p: Product): void {
  const { batches, m, n, k } = p;
  checkSizes(batches, m, n, k);
  checkLength(p.a, Float32Array, (p.repeatA ? 1 : batches) * m * k, 'A');
  checkLength(p.b, Float32Array, (p.repeatB ? 1 : batches) * k * n, 'B');
  if (p.bias) checkLength(p.bias, Float32Array, n, 'the bias');
  checkLength(p.c, Float32Array, batches * m * n, 'C');
  if (!activations.includes(p.activation)) refuse('got an unknown activation');
}

/** And `GW_ENGINE_IDS`. */
export function checkCrossEntropy({ rows, classes, logits, targets, mask, gradient }: CrossEntropy): void {
  checkSizes(rows, classes);
  if (classes === 0) refuse('got no classes');
  checkLength(logits, Float32Array, rows * classes, 'the logits');
  if (targets instanceof Int32Array) {
    checkLength(targets, Int32Array, rows, 'the ids');
    checkIds(targets, classes, 'target');
  } else checkLength(targets, Float32Array, rows * classes, 'the targets');
  if (mask) checkLength(mask, Float32Array, rows, 'the mask');
  if (gradient) checkLength(gradient, Float32Array, rows * classes, 'the gradient');
}

/** And `GW_ENGINE_IDS`, where every id must be a row. */
export function checkRows({ table, ids, width, values }: RowsById, all: boolean): void {
  checkSizes(width);
  const rows = width === 0 ? 0 : table.length / width;
  checkSizes(rows);
  checkLength(ids, Int32Array, ids.length, 'the ids');
  checkLength(table, Float32Array, rows * width, 'the table');
  checkLength(values, Float32Array, ids.length * width, 'the values');
  if (all) checkIds(ids, rows, 'id');
}

export function checkSums(x: Float32Array, out: Float32Array): void {
  checkLength(out, Float32Array, out.length, 'the sums');
  const rows = out.length === 0 ? 0 : x.length / out.length;
  checkSizes(rows);
  checkLength(x, Float32Array, rows * out.length, 'x');
}

export function checkMatrix(x: Float32Array, width: number, out: Float32Array): void {
  checkSizes(width);
  const rows = width === 0 ? 0 : x.length / width;
  checkSizes(rows);
  checkLength(x, Float32Array, rows * width, 'x');
  checkLength(out, Float32Array, rows * width, 'the result');
}

export function checkCombination({ by, rows, width, a, b, spreadA, spreadB, out }: Combination): void {
  checkSizes(rows, width);
  if (!combinations.includes(by)) refuse('got an unknown operation');
  const lengths: Readonly<Record<Spread, number>> = { full: rows * width, row: width, column: rows, one: 1 };
  checkLength(a, Float32Array, lengths[spreadA], 'a');
  checkLength(b, Float32Array, lengths[spreadB], 'b');
  checkLength(out, Float32Array, rows * width, 'the result');
}

export function checkApplication(which: FunctionName, x: Float32Array, out: Float32Array): void {
  if (!functions.includes(which)) refuse('got an unknown function');
  checkLength(x, Float32Array, x.length, 'x');
  checkLength(out, Float32Array, x.length, 'the result');
}

export function checkDropout({ rows, steps, units, rate, x, out }: Dropout): void {
  checkSizes(rows, steps, units);
  if (!(rate > 0 && rate < 1)) refuse(`got a rate of ${rate}, wanted one above 0 and below 1`);
  checkLength(x, Float32Array, rows * steps * units, 'x');
  checkLength(out, Float32Array, rows * steps * units, 'the result');
}

/** Each below 2³⁰. */
function checkSizes(...sizes: number[]): void {
  const bad = sizes.find((n) => !(Number.isInteger(n) && n >= 0 && n <= 2 ** 30));
  if (bad !== undefined) refuse(`got a size of ${bad}`);
}

function checkLength(values: Numbers, type: new (n: number) => Numbers, length: number, name: string): void {
  if (!(values instanceof type)) refuse(`got ${name} of another type than wanted`);
  if (values.length !== length) refuse(`got ${name} of ${values.length} elements, wanted ${length}`);
}

function checkIds(ids: Int32Array, below: number, name: string): void {
  for (const id of ids) {
    if (id >= 0 && id < below) continue;
    throw new GatewiseError('GW_ENGINE_IDS', `got the ${name} ${id}, wanted 0 to ${below - 1}`);
  }
}

function refuse(message: string): never {
  throw new GatewiseError('GW_ENGINE_ARGUMENTS', message);
}
