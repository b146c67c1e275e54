import { expect, it } from 'vitest';
import { baselines, corpusOf, scoredPart } from './corpus.js';

it('scores whole windows only', () => {
  const ids = Int32Array.from({ length: 100 }, (_, i) => i);
  expect(scoredPart(ids, 1000, 2, 7)).toHaveLength(99);
  expect(scoredPart(ids, 50, 2, 7)).toHaveLength(43);
  expect(() => scoredPart(ids, 1000, 20, 7)).toThrow(/GW_DATA_TOO_SHORT/);
});

it('holds the last tenth out, and knows the symbols of the rest alone', () => {
  const corpus = corpusOf(`${'ab'.repeat(90)}${'ac'.repeat(10)}`);
  expect([corpus.train.length, corpus.heldOut.length]).toEqual([180, 20]);
  expect(corpus.vocabulary.symbols).not.toContain('c');
  expect(corpus.vocabulary.decode(corpus.heldOut.subarray(0, 2))).toBe('a\ufffd');
});

it('a bigram count knows an alternation, a unigram count does not', () => {
  const corpus = corpusOf('ab'.repeat(200));
  const { unigram, bigram } = baselines(corpus, corpus.heldOut);
  expect(unigram).toBeGreaterThan(0.9);
  expect(bigram).toBeLessThan(0.1);
});
