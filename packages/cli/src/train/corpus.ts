import { bigramBits, split, streams, unigramBits, type Vocabulary, vocabulary } from '@gatewise/data';

/** A text as ids: what a model learns from and what it is scored on. */
export interface Corpus {
  readonly vocabulary: Vocabulary;
  readonly train: Int32Array;
  readonly heldOut: Int32Array;
}

/** What stands for characters of the held-out part that the training part lacks. */
const unknown = '\ufffd';

/** A text whose last part is held out, a tenth where nothing else is said. The vocabulary knows the training part alone. */
export function corpusOf(text: string, heldOut = 0.1): Corpus {
  const parts = split(text, { heldOut });
  const symbols = vocabulary(parts.train, { unknown });
  return { vocabulary: symbols, train: symbols.encode(parts.train), heldOut: symbols.encode(parts.heldOut) };
}

/** The part of the held-out text that is scored: at most `characters`, cut so that B streams of T leave no tail. */
export function scoredPart(heldOut: Int32Array, characters: number, batch: number, time: number): Int32Array {
  const available = heldOut.subarray(0, Math.min(heldOut.length, characters + 1));
  const { steps } = streams(available, { batch, time });
  return available.subarray(0, steps * batch * time + 1);
}

/** Bits per character of two models that count, on the same characters as the network. */
export function baselines({ train, vocabulary: { size } }: Corpus, heldOut: Int32Array) {
  return { unigram: unigramBits(train, heldOut, { size }), bigram: bigramBits(train, heldOut, { size }) };
}
