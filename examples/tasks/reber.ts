import type { Random } from '@gatewise/core';

/** By state: which symbols may come, and the state that each leads to (Reber, 1967). */
const grammar: readonly Readonly<Record<string, number>>[] = [
  { B: 1 },
  { T: 2, P: 3 },
  { S: 2, X: 4 },
  { T: 3, V: 5 },
  { X: 3, S: 6 },
  { P: 4, V: 6 },
  { E: 7 },
  {},
];

/** The seven symbols; their places are their ids. */
export const reberSymbols = 'BTSXPVE';

/** One walk through the grammar: BTXSE, BPTTVVE, … */
function walk(draw: Random): string {
  let [text, state] = ['', 0];
  while (state < 7) {
    const choices = Object.entries(grammar[state]!);
    const [symbol, next] = choices[draw.int(choices.length)]!;
    text += symbol;
    state = next;
  }
  return text;
}

/**
 * A string of the embedded grammar (Hochreiter and Schmidhuber, 1997): B, then T or P, then a string of the grammar, then
 * the same T or P again, then E. Everything but the last T or P can be told from the few symbols before it.
 */
export function embeddedReber(draw: Random): string {
  const lock = 'TP'[draw.int(2)]!;
  return `B${lock}${walk(draw)}${lock}E`;
}

/** What may stand after each symbol of a string of the embedded grammar but the last: sets of symbols. */
export function legalNext(text: string): readonly ReadonlySet<string>[] {
  const inner = text.slice(2, -2);
  let state = 0;
  const within = [...inner].map((symbol) => {
    state = grammar[state]![symbol]!;
    return new Set(state === 7 ? [text[1]!] : Object.keys(grammar[state]!));
  });
  return [new Set('TP'), new Set('B'), ...within, new Set('E')];
}
