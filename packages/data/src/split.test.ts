import { describe, expect, it } from 'vitest';
import { split } from './split.js';

describe('split', () => {
  it('holds the last part out', () => {
    expect(split('abcdefghij', { heldOut: 0.2 })).toEqual({ train: 'abcdefgh', heldOut: 'ij' });
    const ids = Int32Array.of(1, 2, 3, 4);
    expect(split(ids, { heldOut: 0.25 })).toEqual({
      train: Int32Array.of(1, 2, 3),
      heldOut: Int32Array.of(4),
    });
    expect(split([1, 2, 3], { heldOut: 0.5 })).toEqual({ train: [1], heldOut: [2, 3] });
  });

  it('never cuts inside a character', () => {
    expect(split('ab🐋c', { heldOut: 0.4 })).toEqual({ train: 'ab', heldOut: '🐋c' });
  });

  it.each([0, 1, -0.1, 1.5, Number.NaN])('refuses the share %s', (heldOut) => {
    expect(() => split('abc', { heldOut })).toThrow(/GW_DATA_HELD_OUT/);
  });

  it('refuses an empty part', () => {
    expect(() => split('abc', { heldOut: 0.1 })).toThrow(/GW_DATA_TOO_SHORT/);
    expect(() => split('a', { heldOut: 0.9 })).toThrow(/GW_DATA_TOO_SHORT/);
    expect(() => split('', { heldOut: 0.5 })).toThrow(/GW_DATA_TOO_SHORT/);
  });
});
