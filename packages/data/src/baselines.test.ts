import { describe, expect, it } from 'vitest';
import { bigramBits, unigramBits } from './baselines.js';

describe('baselines', () => {
  // a b a b a | b a, V = 2: n_a = 3, n_b = 2; pairs ab 2, ba 2.
  const train = [0, 1, 0, 1, 0];
  const heldOut = [1, 0, 1];

  it('scores a unigram model on all held-out symbols but the first', () => {
    const p = [(3 + 1) / (5 + 2), (2 + 1) / (5 + 2)] as const;
    const bits = -(Math.log2(p[0]) + Math.log2(p[1])) / 2;
    expect(unigramBits(train, heldOut, { size: 2 })).toBeCloseTo(bits, 12);
  });

  it('scores a conditional bigram model on the same symbols', () => {
    const p = (2 + 0.5) / (2 + 0.5 * 2);
    expect(bigramBits(train, heldOut, { size: 2, smoothing: 0.5 })).toBeCloseTo(-Math.log2(p), 12);
  });

  it('gives log₂ V to what was never seen', () => {
    expect(bigramBits([0, 1, 0, 1], [2, 3, 2], { size: 4 })).toBeCloseTo(2, 12);
  });

  it('is a distribution: p sums to 1 over the next symbol', () => {
    const sum = [0, 1, 2].map((c) => 2 ** -bigramBits(train, [1, c], { size: 3 })).reduce((a, b) => a + b);
    expect(sum).toBeCloseTo(1, 12);
  });

  it('says what is wrong', () => {
    expect(() => unigramBits([0], heldOut, { size: 2 })).toThrow(/GW_DATA_TOO_SHORT: got 1 ids in train/);
    expect(() => bigramBits(train, [0], { size: 2 })).toThrow(/GW_DATA_TOO_SHORT: got 1 ids in heldOut/);
    expect(() => bigramBits(train, [0, 2], { size: 2 })).toThrow(/GW_DATA_UNKNOWN_ID: got id 2 in heldOut/);
    expect(() => unigramBits(train, heldOut, { size: 2, smoothing: 0 })).toThrow(/GW_DATA_SMOOTHING/);
    expect(() => unigramBits(train, heldOut, { size: 0 })).toThrow(/GW_DATA_SIZE/);
  });
});
