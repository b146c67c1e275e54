import type { Dense } from './dense.js';
import type { Updates } from './updates.js';

/** Float32 arithmetic over typed arrays, on the host: what an engine brings besides the recurrence. */
export interface Arithmetic extends Dense, Updates {
  /** `native`, `wasm`. */
  readonly name: string;
}

const provided: { readonly arithmetic: Arithmetic; readonly priority: number }[] = [];

/** Adds an arithmetic to those present; one of the same name is replaced. */
export function provideArithmetic(arithmetic: Arithmetic, priority: number): void {
  const at = provided.findIndex((one) => one.arithmetic.name === arithmetic.name);
  if (at >= 0) provided.splice(at, 1);
  provided.push({ arithmetic, priority });
  provided.sort((a, b) => b.priority - a.priority);
}

/**
 * The arithmetic of highest priority, or the one named; null where there is none.
 * @example arithmetic()?.scale(gradient, 0.5, gradient)
 */
export function arithmetic(name?: string): Arithmetic | null {
  const found = name === undefined ? provided[0] : provided.find((one) => one.arithmetic.name === name);
  return found?.arithmetic ?? null;
}
