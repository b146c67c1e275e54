import { GatewiseError } from '@gatewise/core';
import type * as tf from '@tensorflow/tfjs-core';
import { type BatchSource, batchSource, checkCount, checkIds, type DataBatch } from './batch.js';
import { chunks, pooled, type RaggedOptions, type Sequence, sequences } from './ragged.js';
import { epochOrder } from './windows.js';

/** Sequences as one tensor, with the real steps of each. */
export interface Padded {
  readonly x: tf.Tensor;
  readonly lengths: readonly number[];
}
/** Sources and targets, each with lengths of their own. */
export type PairBatch = DataBatch & Required<Pick<DataBatch, 'lengths' | 'targetLengths'>>;

/**
 * Pairs of sequences of any lengths, for a model that reads x and writes y: both padded with zeros to the longest of their
 * batch. Ids of y are int32 [B,T], each row with `end` behind it where one is given; x as `ragged` has it, and so `pool`,
 * which goes by the length of x. Errors: as of `ragged`, `GW_DATA_IDS`.
 *
 * @example
 * const source = pairs({ x: words, y: sounds, end: 0 }, { batch: 64, seed: 1, pool: 20 });
 */
export function pairs(
  { x, y, end }: { x: readonly Sequence[]; y: readonly ArrayLike<number>[]; end?: number },
  { batch: B, seed, pool = 1 }: RaggedOptions,
): BatchSource<PairBatch> {
  checkCount('GW_DATA_BATCH', 'batch', B);
  checkCount('GW_DATA_POOL', 'pool', pool);
  const N = x.length;
  if (N === 0) throw new GatewiseError('GW_DATA_EMPTY', 'got no sequences, wanted at least one');
  if (y.length !== N) {
    throw new GatewiseError(
      'GW_DATA_SAMPLES',
      `got ${N} sequences in x and ${y.length} in y, wanted as many`,
    );
  }
  const ended = y.map((ids) => checkIds(end === undefined ? ids : [...Array.from(ids), end]));
  const [sources, targets] = [sequences('x', x), sequences('y', ended)];
  const longest = (all: readonly ArrayLike<unknown>[], rows: readonly number[]) => {
    const lengths = rows.map((row) => all[row]!.length);
    return { lengths, T: Math.max(1, ...lengths) };
  };
  return batchSource(Math.ceil(N / B), function* epoch(n, from): Generator<PairBatch> {
    const order = pooled(x, epochOrder(N, n, seed), n, { B, seed, pool });
    for (const rows of chunks(order, B).slice(from)) {
      const [source, target] = [longest(x, rows), longest(ended, rows)];
      yield {
        x: sources(rows, source.T),
        y: targets(rows, target.T),
        ...{ lengths: source.lengths, targetLengths: target.lengths },
      };
    }
  });
}

/**
 * A list of sequences as one tensor, padded with zeros: what a model reads to write from. Errors: `GW_DATA_EMPTY`,
 * `GW_DATA_SHAPE`, `GW_DATA_NOT_FINITE`.
 *
 * @example const { x, lengths } = padded([encode('hello'), encode('hi')]); // int32 [2,5], [5, 2]
 */
export function padded(all: readonly Sequence[]): Padded {
  if (all.length === 0) throw new GatewiseError('GW_DATA_EMPTY', 'got no sequences, wanted at least one');
  const lengths = all.map((s) => s.length);
  return { x: sequences('x', all)([...all.keys()], Math.max(1, ...lengths)), lengths };
}
