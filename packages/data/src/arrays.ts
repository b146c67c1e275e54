import { GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { type BatchSource, batchSource, checkCount, type DataBatch } from './batch.js';
import { epochOrder } from './windows.js';

export type Numbers = Float32Array | Int32Array;
/** Nested arrays [N, …], the last level plain numbers (float32), a Float32Array or an Int32Array (int32). */
export type Nested = readonly number[] | Numbers | readonly Nested[];
/** Samples: nested arrays, or flat values with their shape [N, …]. */
export type Samples = Nested | { readonly values: Numbers; readonly shape: readonly number[] };

export interface ArrayBatchOptions {
  /** B: samples of a batch. */
  readonly batch: number;
  /** With a seed every epoch has an order of its own; without one they come as they stand. */
  readonly seed?: number;
}

/**
 * Batches of plain arrays: x [B, …], y [B, …]; Int32Array gives int32, everything else float32.
 * The last batch may have fewer rows, so no sample is left out.
 * Errors: `GW_DATA_BATCH`, `GW_DATA_EMPTY`, `GW_DATA_SHAPE`, `GW_DATA_SAMPLES`, `GW_DATA_NOT_FINITE`.
 *
 * @example
 * const source = batches({ x: [[0, 0], [0, 1], [1, 0], [1, 1]], y: [[0], [1], [1], [0]] }, { batch: 4, seed: 1 });
 */
export function batches(
  arrays: { readonly x: Samples; readonly y: Samples },
  { batch: B, seed }: ArrayBatchOptions,
): BatchSource {
  checkCount('GW_DATA_BATCH', 'batch', B);
  const x = flatten('x', arrays.x);
  const y = flatten('y', arrays.y);
  const N = x.shape[0] as number;
  if (y.shape[0] !== N) {
    throw new GatewiseError(
      'GW_DATA_SAMPLES',
      `got ${N} samples in x and ${y.shape[0]} in y, wanted as many`,
    );
  }
  return batchSource(Math.ceil(N / B), function* epoch(n, from): Generator<DataBatch> {
    const order = epochOrder(N, n, seed);
    for (let i = from * B; i < N; i += B) {
      const rows = order.slice(i, i + B);
      yield { x: gather(x, rows), y: gather(y, rows) };
    }
  });
}

interface Flat {
  readonly values: Numbers;
  readonly shape: readonly number[]; // [N, …]
}

function gather({ values, shape }: Flat, rows: readonly number[]): tf.Tensor {
  const size = shape.slice(1).reduce((a, b) => a * b, 1);
  const isInt = values instanceof Int32Array;
  const picked = isInt ? new Int32Array(rows.length * size) : new Float32Array(rows.length * size);
  rows.forEach((row, i) => {
    picked.set(values.subarray(row * size, (row + 1) * size), i * size);
  });
  return tf.tensor(picked, [rows.length, ...shape.slice(1)], isInt ? 'int32' : 'float32');
}

function flatten(name: string, samples: Samples): Flat {
  const flat = isFlat(samples) ? samples : flattenNested(name, samples);
  const size = flat.shape.reduce((a, b) => a * b, 1);
  if (flat.values.length !== size || flat.shape.length === 0) {
    throw new GatewiseError(
      'GW_DATA_SHAPE',
      `${name}: got ${flat.values.length} values for the shape [${flat.shape.join(', ')}], wanted their product, ${size}`,
    );
  }
  if (size === 0)
    throw new GatewiseError('GW_DATA_EMPTY', `${name}: got no values, wanted at least one sample`);
  checkFinite(name, flat);
  return flat;
}

const isFlat = (samples: Samples): samples is Flat => 'values' in samples && 'shape' in samples;

function flattenNested(name: string, nested: Nested): Flat {
  const shape: number[] = [];
  let level: Nested | number | undefined = nested;
  let isInt = false;
  while (level !== undefined && typeof level !== 'number') {
    shape.push(level.length);
    isInt = level instanceof Int32Array;
    level = level[0];
  }
  const values = new (isInt ? Int32Array : Float32Array)(shape.reduce((a, b) => a * b, 1));
  let next = 0;
  const copy = (part: Nested | number, depth: number): void => {
    if (typeof part === 'number') {
      if (depth !== shape.length) ragged(name, shape);
      values[next++] = part;
      return;
    }
    if (part.length !== shape[depth]) ragged(name, shape);
    for (const inner of part) copy(inner, depth + 1);
  };
  copy(nested, 0);
  return { values, shape };
}

function ragged(name: string, shape: readonly number[]): never {
  throw new GatewiseError(
    'GW_DATA_SHAPE',
    `${name}: got samples of different shapes, wanted all like the first, [${shape.slice(1).join(', ')}]; pad them to one length`,
  );
}

function checkFinite(name: string, { values, shape }: Flat): void {
  const bad = values.findIndex((value: number) => !Number.isFinite(value));
  if (bad === -1) return;
  const size = values.length / (shape[0] as number);
  throw new GatewiseError(
    'GW_DATA_NOT_FINITE',
    `${name}: got ${values[bad]} in sample ${Math.floor(bad / size)} (value ${bad % size} of ${size}), ` +
      'wanted finite numbers; drop or fill in what is missing before training',
  );
}
