import { describe, expect, it } from 'vitest';
import { vocabulary, vocabularyOf } from './vocabulary.js';

describe('vocabulary', () => {
  it('orders by code point and gives text back', () => {
    const v = vocabulary('cab a');
    expect(v.symbols).toEqual([' ', 'a', 'b', 'c']);
    expect(v.size).toBe(4);
    expect(v.encode('bac')).toEqual(Int32Array.of(2, 1, 3));
    expect(v.decode(v.encode('a cab'))).toBe('a cab');
  });

  it('orders by frequency, ties by code point', () => {
    expect(vocabulary('bbcabc', { order: 'frequency' }).symbols).toEqual(['b', 'c', 'a']);
  });

  it('takes a character outside the basic plane as one symbol', () => {
    const v = vocabulary('a🐋b');
    expect(v.symbols).toEqual(['a', 'b', '🐋']);
    expect(v.decode(v.encode('🐋a'))).toBe('🐋a');
  });

  it('is made again from its symbols', () => {
    const v = vocabulary('to be', { unknown: '?' });
    const again = vocabularyOf(JSON.parse(JSON.stringify(v.symbols)), v.unknown);
    expect(again.encode('be yet')).toEqual(v.encode('be yet'));
  });

  it('refuses an unknown character, unless something stands for it', () => {
    expect(() => vocabulary('abc').encode('abd')).toThrow(/GW_DATA_UNKNOWN_SYMBOL: got "d" at position 2/);
    const v = vocabulary('abc', { unknown: '\ufffd' });
    expect(v.symbols.at(-1)).toBe('\ufffd');
    expect(v.decode(v.encode('abd'))).toBe('ab\ufffd');
    expect(vocabulary('ab?', { unknown: '?' }).size).toBe(3);
  });

  it('refuses what cannot be a vocabulary', () => {
    expect(() => vocabulary('')).toThrow(/GW_DATA_EMPTY/);
    expect(() => vocabularyOf([])).toThrow(/GW_DATA_EMPTY/);
    expect(() => vocabularyOf(['a', 'bc'])).toThrow(/GW_DATA_SYMBOL: got the symbol "bc"/);
    expect(() => vocabularyOf(['a', 'a'])).toThrow(/GW_DATA_SYMBOL: got a symbol twice/);
    expect(() => vocabularyOf(['a'], 'b')).toThrow(/GW_DATA_SYMBOL: got "b" for unknown/);
  });

  it('refuses an id that it does not have', () => {
    expect(() => vocabulary('ab').decode([0, 2])).toThrow(
      /GW_DATA_UNKNOWN_ID: got id 2 at position 1, wanted 0 to 1/,
    );
  });
});
