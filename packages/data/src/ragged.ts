import { foldKey, GatewiseError, hashText, random } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { type BatchSource, batchSource, checkCount, type DataBatch } from './batch.js';
import { epochOrder } from './windows.js';

/** One sequence: ids (an Int32Array), numbers, or a vector a step. */
export type Sequence = Int32Array | Float32Array | readonly number[] | readonly (readonly number[])[];

export interface RaggedOptions {
  /** B: sequences of a batch. */
  readonly batch: number;
  /** With a seed every epoch has an order of its own; without one they come as they stand. */
  readonly seed?: number;
  /** With a seed: sequences of like length share a batch, sorted within pools of so many batches; 1 (the default) sorts nothing. */
  readonly pool?: number;
}

/**
 * Batches of sequences of any lengths, 0 included, padded with zeros to the longest of their batch, with `lengths`.
 *
 * x: Int32Array sequences are ids and give int32 [B,T]; vectors give float32 [B,T,I], plain numbers [B,T,1].
 * y: a sequence of ids or vectors as long as its x (int32 [B,T], float32 [B,T,C]), or one number (int32 [B]) or vector
 * ([B,C]) a sequence: `perStep` says which where both fit, and is true where every y is as long as its x.
 * Errors: `GW_DATA_BATCH`, `GW_DATA_POOL`, `GW_DATA_EMPTY`, `GW_DATA_SAMPLES`, `GW_DATA_SHAPE`, `GW_DATA_NOT_FINITE`.
 *
 * @example
 * const source = ragged({ x: [ids('to be'), ids('or')], y: [1, 0] }, { batch: 2 });
 */
export function ragged(
  { x, y, perStep }: { x: readonly Sequence[]; y: readonly (Sequence | number)[]; perStep?: boolean },
  { batch: B, seed, pool = 1 }: RaggedOptions,
): BatchSource {
  checkCount('GW_DATA_BATCH', 'batch', B);
  checkCount('GW_DATA_POOL', 'pool', pool);
  const N = x.length;
  if (N === 0) throw new GatewiseError('GW_DATA_EMPTY', 'got no sequences, wanted at least one');
  if (y.length !== N)
    throw new GatewiseError(
      'GW_DATA_SAMPLES',
      `got ${N} sequences in x and ${y.length} in y, wanted as many`,
    );
  const inputs = sequences('x', x);
  const aligned = perStep ?? y.every((v, i) => typeof v !== 'number' && v.length === x[i]!.length);
  const targets = aligned ? sequences('y', y as readonly Sequence[]) : whole(y);
  if (aligned) checkAligned(x, y as readonly Sequence[]);
  return batchSource(Math.ceil(N / B), function* epoch(n, from): Generator<DataBatch> {
    const order = pooled(x, epochOrder(N, n, seed), n, { B, seed, pool });
    for (const rows of chunks(order, B).slice(from)) {
      const lengths = rows.map((row) => x[row]!.length);
      const T = Math.max(1, ...lengths);
      yield { x: inputs(rows, T), y: targets(rows, T), lengths };
    }
  });
}

/** By epoch: within pools by length, then the batches of a pool in an order of their own. */
export function pooled(
  x: readonly Sequence[],
  order: readonly number[],
  epoch: number,
  { B, seed, pool }: { B: number; seed: number | undefined; pool: number },
): readonly number[] {
  if (seed === undefined || pool === 1) return order;
  const shuffler = random(foldKey(seed, hashText('pools'), epoch));
  return chunks(order, B * pool).flatMap((rows) => {
    const sorted = [...rows].sort((a, b) => x[a]!.length - x[b]!.length);
    const all = chunks(sorted, B);
    // an odd last batch stays last, so that every other batch is whole
    const odd = all.length > 0 && all.at(-1)!.length < B ? [all.pop()!] : [];
    return [...shuffler.shuffle(all), ...odd].flat();
  });
}

export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}

/** Rows of all sequences as one tensor, padded to T. */
type Gather = (rows: readonly number[], T: number) => tf.Tensor;

/** Sequences, padded with zeros: int32 [B,T] of Int32Arrays, else float32 [B,T,I]. */
export function sequences(name: string, all: readonly Sequence[]): Gather {
  const ids = all.every((s) => s instanceof Int32Array);
  const I = ids ? 1 : featuresOf(name, all);
  const flat = all.map((s, i) => flatten(name, s, i, I, ids));
  return (rows, T) => {
    const values = new (ids ? Int32Array : Float32Array)(rows.length * T * I);
    rows.forEach((row, b) => {
      values.set(flat[row]!, b * T * I);
    });
    return ids ? tf.tensor2d(values, [rows.length, T], 'int32') : tf.tensor3d(values, [rows.length, T, I]);
  };
}

function featuresOf(name: string, all: readonly Sequence[]): number {
  const step = all.find((s) => s.length > 0)?.[0];
  if (step === undefined)
    throw new GatewiseError(
      'GW_DATA_EMPTY',
      `${name}: got sequences of length 0 alone, wanted at least one step`,
    );
  return typeof step === 'number' ? 1 : step.length;
}

function flatten(name: string, s: Sequence, at: number, I: number, ids: boolean): Int32Array | Float32Array {
  if (ids) return s as Int32Array;
  const values = Float32Array.from(Array.from<number | readonly number[]>(s as never).flat());
  if (values.length !== s.length * I) {
    throw new GatewiseError(
      'GW_DATA_SHAPE',
      `${name}: got sequence ${at} with ${values.length / s.length} numbers a step, wanted ${I} as in the others`,
    );
  }
  const odd = values.findIndex((v) => !Number.isFinite(v));
  if (odd < 0) return values;
  throw new GatewiseError(
    'GW_DATA_NOT_FINITE',
    `${name}: got ${values[odd]} in sequence ${at} at step ${Math.floor(odd / I)}, wanted finite numbers; clean the data`,
  );
}

/** One target a sequence: int32 [B] of numbers, float32 [B,C] of vectors. */
function whole(y: readonly (Sequence | number)[]): Gather {
  if (y.every((v) => typeof v === 'number')) {
    return (rows) =>
      tf.tensor1d(
        Int32Array.from(rows, (row) => y[row] as number),
        'int32',
      );
  }
  const vectors = y.map((v) => (typeof v === 'number' ? [v] : Array.from(v as readonly number[])));
  const C = vectors[0]!.length;
  const odd = vectors.findIndex((v) => v.length !== C || !v.every((n) => Number.isFinite(n)));
  if (odd >= 0) {
    throw new GatewiseError(
      'GW_DATA_SHAPE',
      `y: got ${vectors[odd]!.length} numbers for sequence ${odd}, wanted ${C} finite ones as for the first, or as many steps as its x has`,
    );
  }
  return (rows) => tf.tensor2d(rows.map((row) => vectors[row]!) as number[][], [rows.length, C]);
}

function checkAligned(x: readonly Sequence[], y: readonly Sequence[]): void {
  const odd = x.findIndex((s, i) => s.length !== y[i]!.length);
  if (odd < 0) return;
  throw new GatewiseError(
    'GW_DATA_SHAPE',
    `got sequence ${odd} with ${x[odd]!.length} steps and ${y[odd]!.length} targets, wanted a target for every step`,
  );
}
