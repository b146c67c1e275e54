/** One tensor held against what it should be. */
export interface Comparison {
  /** Where it stands: `expected.y`, `gradients.Wx`, `loss`. */
  readonly tensor: string;
  /** The largest absolute error. */
  readonly error: number;
  readonly limit: number;
  readonly passed: boolean;
}

type Numbers = ArrayLike<number>;

/**
 * Compares element by element: |got − wanted| ≤ `limit(wanted)`, NaN equals NaN, ∞ equals ∞. Where the limit differs
 * between elements, the one nearest to or furthest over its limit is reported.
 */
export function compare(
  tensor: string,
  got: Numbers,
  wanted: Numbers,
  limit: (wanted: number) => number,
): Comparison {
  let worst = { error: 0, limit: limit(wanted[0] ?? 0), ratio: -1 };
  if (got.length !== wanted.length) worst = { ...worst, error: Number.POSITIVE_INFINITY, ratio: 1 };
  for (let i = 0; i < wanted.length; i++) {
    const error = difference(got[i] ?? Number.NaN, wanted[i]!);
    const allowed = limit(wanted[i]!);
    const ratio = error === 0 ? 0 : error / allowed;
    if (ratio > worst.ratio || (ratio === worst.ratio && error > worst.error))
      worst = { error, limit: allowed, ratio };
  }
  return { tensor, error: worst.error, limit: worst.limit, passed: worst.error <= worst.limit };
}

function difference(a: number, b: number): number {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return 0;
  const d = Math.abs(a - b);
  return Number.isNaN(d) ? Number.POSITIVE_INFINITY : d;
}

/** What a float32 library may be off by: 8·float32Error + 4e-6·max|expected| + 1e-30. */
export function suggestedLimit(float32Error: number, wanted: Numbers): number {
  let most = 0;
  for (let i = 0; i < wanted.length; i++) {
    const size = Math.abs(wanted[i]!);
    if (Number.isFinite(size) && size > most) most = size;
  }
  return 8 * float32Error + 4e-6 * most + 1e-30;
}
