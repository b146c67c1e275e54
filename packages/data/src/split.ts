import { GatewiseError } from '@gatewise/core';

/** What `split` can cut: text, ids, samples. */
export interface Sliceable<S> {
  readonly length: number;
  slice(start: number, end?: number): S;
}

export interface Split<S> {
  readonly train: S;
  readonly heldOut: S;
}

/**
 * Cuts a sequence in two contiguous parts, the held-out part last: round(n · heldOut) of n elements.
 * A text is never cut inside a character. Errors: `GW_DATA_HELD_OUT`, `GW_DATA_TOO_SHORT`.
 *
 * @example
 * const { train, heldOut } = split(text, { heldOut: 0.1 });
 */
export function split(sequence: string, options: { readonly heldOut: number }): Split<string>;
export function split<S extends Sliceable<S>>(sequence: S, options: { readonly heldOut: number }): Split<S>;
export function split<S extends Sliceable<S>>(
  sequence: S,
  { heldOut }: { readonly heldOut: number },
): Split<S> {
  if (!(heldOut > 0 && heldOut < 1)) {
    throw new GatewiseError(
      'GW_DATA_HELD_OUT',
      `got heldOut = ${heldOut}, wanted a share between 0 and 1, such as 0.1`,
    );
  }
  const n = sequence.length;
  const cut = wholeCharacter(sequence, n - Math.round(n * heldOut));
  if (cut < 1 || cut >= n) {
    throw new GatewiseError(
      'GW_DATA_TOO_SHORT',
      `got ${n} elements, of which heldOut = ${heldOut} leaves one part empty; wanted more data or another share`,
    );
  }
  return { train: sequence.slice(0, cut), heldOut: sequence.slice(cut) };
}

/** Moves a cut between the two halves of a surrogate pair to before the pair. */
function wholeCharacter(sequence: unknown, cut: number): number {
  if (typeof sequence !== 'string') return cut;
  const isPair = (sequence.codePointAt(cut - 1) ?? 0) > 0xffff;
  return isPair ? cut - 1 : cut;
}
