import { describe, expect, it } from 'vitest';
import { formatNumber, formatPower, linearScale, logScale } from './scale.js';

describe('linearScale', () => {
  it('ends on round ticks', () => {
    const scale = linearScale(1.7, 6.3, 5);
    expect(scale.ticks).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect([scale.at(1), scale.at(4), scale.at(7)]).toEqual([0, 0.5, 1]);
  });

  it('ends with the data when snug', () => {
    const scale = linearScale(3, 600, 6, true);
    expect(scale.ticks).toEqual([100, 200, 300, 400, 500, 600]);
    expect([scale.at(3), scale.at(600)]).toEqual([0, 1]);
  });

  it.each([
    [0, 0],
    [5, 5],
    [-2, -2],
  ])('has an extent where the data have none: %d', (low, high) => {
    for (const snug of [true, false]) {
      const scale = linearScale(low, high, 5, snug);
      expect(scale.at(low)).toBeGreaterThanOrEqual(0);
      expect(scale.at(high)).toBeLessThanOrEqual(1);
      expect(scale.ticks.length).toBeGreaterThan(0);
    }
  });
});

describe('logScale', () => {
  it('ticks at powers of ten over many decades', () => {
    const scale = logScale(3e-11, 2e-3, 6);
    expect(scale.ticks.map(formatPower)).toEqual(['10⁻¹²', '10⁻¹⁰', '10⁻⁸', '10⁻⁶', '10⁻⁴', '10⁻²']);
    expect(scale.at(1e-7)).toBeCloseTo(0.5, 12);
  });

  it('ticks at 1, 2, 5 over few', () => {
    expect(logScale(0.25, 3, 6).ticks).toEqual([0.2, 0.5, 1, 2, 5]);
    expect(logScale(1, 1, 6).ticks).toEqual([1, 2]);
    expect(logScale(0.013, 0.014, 6).ticks).toEqual([0.01, 0.02]);
    expect(logScale(1e-7, 1.5e-7, 6).at(1e-7)).toBeCloseTo(0, 12);
  });
});

describe('formatNumber', () => {
  it.each([
    [0, '0'],
    [12345, '12,345'],
    [2.34567, '2.346'],
    [0.015, '0.015'],
    [-0.5, '−0.5'],
    [123456.7, '123,457'],
    [3.14e-5, '3.14 × 10⁻⁵'],
    [1e-8, '10⁻⁸'],
    [2.5e9, '2.5 × 10⁹'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '−Infinity'],
  ])('%d is %s', (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });
});
