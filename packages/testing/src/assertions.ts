/** Throws unless got ≤ limit; NaN never is. The message carries both numbers. */
export function assertAtMost(what: string, got: number, limit: number): void {
  if (got <= limit) return;
  throw new Error(`${what}: got ${got.toExponential(2)}, wanted at most ${limit.toExponential(2)}`);
}

export function assertTrue(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(message);
}

export function assertEqual(what: string, got: unknown, wanted: unknown): void {
  const [a, b] = [JSON.stringify(got), JSON.stringify(wanted)];
  assertTrue(a === b, `${what}: got ${a}, wanted ${b}`);
}

/** max |aᵢ − bᵢ|; infinite where lengths differ or only one is NaN; NaN and NaN, ∞ and ∞ are equal. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    if (Object.is(a[i], b[i]) || a[i] === b[i]) continue;
    const difference = Math.abs(a[i]! - b[i]!);
    worst = Math.max(worst, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
  }
  return worst;
}

/** max |aᵢ| over the finite entries; 0 for none. */
export function largest(a: ArrayLike<number>): number {
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const size = Math.abs(a[i]!);
    if (Number.isFinite(size) && size > worst) worst = size;
  }
  return worst;
}
