/** How numbers are spread: counts[i] of them lie in (limits[i − 1], limits[i]]. */
export interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly num: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  readonly limits: readonly number[];
  readonly counts: readonly number[];
}

const BUCKETS = 30;

/** Buckets of one width from the least to the largest; NaN and infinities are left out. undefined where nothing is left. */
export function histogramOf(values: ArrayLike<number>): Histogram | undefined {
  let [min, max, num, sum, sumOfSquares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const v = values[i] as number;
    if (!Number.isFinite(v)) continue;
    if (v < min) min = v;
    if (v > max) max = v;
    num++;
    sum += v;
    sumOfSquares += v * v;
  }
  if (num === 0) return undefined;
  const width = (max - min) / BUCKETS;
  // all alike: one bucket
  const n = width > 0 ? BUCKETS : 1;
  const counts = new Array<number>(n).fill(0);
  for (let i = 0; i < values.length; i++) {
    const v = values[i] as number;
    if (!Number.isFinite(v)) continue;
    const bucket = n === 1 ? 0 : Math.min(n - 1, Math.max(0, Math.ceil((v - min) / width) - 1));
    counts[bucket] = (counts[bucket] as number) + 1;
  }
  const limits = counts.map((_, i) => (i === n - 1 ? max : min + (i + 1) * width));
  return { min, max, num, sum, sumOfSquares, limits, counts };
}
