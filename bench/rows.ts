import { type Case, gflop } from './cases.js';
import type { Subject } from './subjects.js';

/** One line of the results. */
export interface Row {
  readonly name: string;
  /** `gatewise`, or whose it is. */
  readonly peer: string;
  /** Of tf.js; `none` where no tf.js is between. */
  readonly backend: string;
  /** Which of the engines here; `none` for peers. */
  readonly engine: string;
  readonly cell: string;
  readonly B: number;
  readonly T: number;
  readonly I: number;
  readonly H: number;
  readonly measure: string;
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** Of the products alone, at the median. */
  readonly gflops: number;
  /** Against the first that ran of: ops, then any other. 0 for that one itself. */
  readonly maxAbsDiff: number;
  /** Peak memory of its process above what it took before the case; only where the process was fresh. */
  readonly peakMiB?: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

export function rowOf(
  { name, peer, backend, engine }: Subject,
  one: Case,
  ms: readonly number[],
  maxAbsDiff: number,
  peakMiB?: number,
): Row {
  const medianMs = median(ms);
  const { cell, measure, B, T, I, H } = one;
  return {
    ...{ name, peer, backend, engine, cell, B, T, I, H, measure, medianMs },
    minMs: ms.reduce((a, b) => Math.min(a, b)),
    maxMs: ms.reduce((a, b) => Math.max(a, b)),
    gflops: gflop(one) / (medianMs / 1000),
    maxAbsDiff,
    ...(peakMiB === undefined ? {} : { peakMiB }),
  };
}
