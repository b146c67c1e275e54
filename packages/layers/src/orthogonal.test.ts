import { random } from '@gatewise/core';
import { describe, expect, it } from 'vitest';
import { orthogonal } from './orthogonal.js';

/** The largest |QᵀQ − I| over columns of Q [rows, cols]. */
function columnError(Q: Float64Array, rows: number, cols: number): number {
  let worst = 0;
  for (let a = 0; a < cols; a++) {
    for (let b = a; b < cols; b++) {
      let dot = 0;
      for (let i = 0; i < rows; i++) dot += Q[i * cols + a]! * Q[i * cols + b]!;
      worst = Math.max(worst, Math.abs(dot - Number(a === b)));
    }
  }
  return worst;
}

describe('orthogonal', () => {
  it.each([
    [1, 1],
    [2, 2],
    [7, 7],
    [8, 8],
    [64, 64],
    [9, 4],
    [12, 5],
  ])('has orthonormal columns for %i × %i', (rows, cols) => {
    expect(columnError(orthogonal(rows, cols, random(3)), rows, cols)).toBeLessThan(1e-14);
  });

  it('has orthonormal rows when there are fewer of them', () => {
    const Q = orthogonal(3, 8, random(3));
    const Qt = Float64Array.from({ length: 24 }, (_, n) => Q[(n % 3) * 8 + Math.floor(n / 3)]!);
    expect(columnError(Qt, 8, 3)).toBeLessThan(1e-14);
  });

  it('follows its seed', () => {
    expect(orthogonal(6, 6, random(1))).toEqual(orthogonal(6, 6, random(1)));
    expect(orthogonal(6, 6, random(1))).not.toEqual(orthogonal(6, 6, random(2)));
  });

  it('favours no direction: every entry has mean 0 and variance 1/n, and both determinants occur', () => {
    const n = 3;
    const draws = 4000;
    const stream = random(5);
    const mean = new Float64Array(n * n);
    const square = new Float64Array(n * n);
    let positive = 0;
    for (let d = 0; d < draws; d++) {
      const [a, b, c, e, f, g, h, i, j] = orthogonal(n, n, stream) as unknown as number[];
      [a, b, c, e, f, g, h, i, j].forEach((x, k) => {
        mean[k]! += x! / draws;
        square[k]! += x! ** 2 / draws;
      });
      const det = a! * (f! * j! - g! * i!) - b! * (e! * j! - g! * h!) + c! * (e! * i! - f! * h!);
      if (det > 0) positive++;
    }
    for (const m of mean) expect(Math.abs(m)).toBeLessThan(0.04);
    for (const s of square) expect(Math.abs(s - 1 / n)).toBeLessThan(0.03);
    expect(Math.abs(positive / draws - 0.5)).toBeLessThan(0.05);
  });
});
