import { assertAtMost, assertTrue, largest, largestDifference } from './assertions.js';
import type { CaseResult, Flat } from './recur-case.js';

/**
 * Every output and gradient: |got − wanted| ≤ tolerance · (its largest entry, or a hundredth of the group's largest
 * where it is smaller than that). Throws with the tensor's name and both numbers.
 */
export function assertSameResult(got: CaseResult, wanted: CaseResult, tolerance: number): void {
  assertSameGroup('output', got.outputs, wanted.outputs, tolerance);
  assertSameGroup('gradient of', got.gradients, wanted.gradients, tolerance);
}

function assertSameGroup(what: string, got: Flat, wanted: Flat, tolerance: number): void {
  const all = Math.max(...Object.values(wanted).map(largest));
  for (const [name, values] of Object.entries(wanted)) {
    assertTrue(got[name] !== undefined, `${what} ${name}: got none`);
    const scale = Math.max(largest(values), all / 100);
    assertAtMost(`${what} ${name}`, largestDifference(got[name], values), tolerance * scale);
  }
}
