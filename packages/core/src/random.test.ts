import { describe, expect, it } from 'vitest';
import { drawBelow, foldKey, hashText, mix, random } from './index.js';

describe('counter hash', () => {
  it('is fixed: engines in other languages are held to these values', () => {
    expect([mix(0), mix(1), mix(0xffffffff)]).toEqual([0, 2261973619, 2578835075]);
    expect(foldKey(42, 1, 2, 3)).toBe(foldKey(foldKey(42, 1), 2, 3));
    expect(foldKey(42, 1, 2)).not.toBe(foldKey(42, 2, 1));
    expect(hashText('lstm')).toBe(hashText('lstm'));
  });
  it('draws at the given rate, independently of neighbours', () => {
    let hits = 0;
    let pairs = 0;
    const n = 20000;
    for (let unit = 0; unit < n; unit++) {
      const a = drawBelow(7, 3, 1, unit, 0.3);
      if (a) hits++;
      if (a && drawBelow(7, 3, 1, unit + 1, 0.3)) pairs++;
    }
    expect(Math.abs(hits / n - 0.3)).toBeLessThan(0.015);
    expect(Math.abs(pairs / n - 0.09)).toBeLessThan(0.01);
    expect(drawBelow(7, 0, 0, 0, 0)).toBe(false);
  });
});

describe('random', () => {
  const take = (r = random(1), n = 5) => Array.from({ length: n }, () => r.uniform());
  it('repeats itself for one seed and differs for another', () => {
    expect(take(random(1))).toEqual(take(random(1)));
    expect(take(random(1))).not.toEqual(take(random(2)));
    expect(take(random(2 ** 40 + 1))).not.toEqual(take(random(1)));
  });
  it('continues from its state, also through JSON', () => {
    const r = random(3);
    take(r);
    const state = JSON.parse(JSON.stringify(r.state()));
    const next = take(r);
    const other = random(99);
    other.restore(state);
    expect(take(other)).toEqual(next);
  });
  it('forks without advancing', () => {
    const [a, b] = [random(5), random(5)];
    const fork = a.fork('x');
    expect(take(fork)).not.toEqual(take(random(5)));
    expect(take(a)).toEqual(take(b));
    expect(take(random(5).fork('x'))).toEqual(take(random(5).fork('x')));
    expect(take(random(5).fork('x'))).not.toEqual(take(random(5).fork('y')));
  });
  it('is uniform and normal', () => {
    const r = random(11);
    const n = 20000;
    const u = Array.from({ length: n }, () => r.uniform());
    const z = Array.from({ length: n }, () => r.normal());
    const mean = (v: number[]) => v.reduce((s, x) => s + x, 0) / n;
    expect(Math.abs(mean(u) - 0.5)).toBeLessThan(0.01);
    expect(Math.min(...u)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...u)).toBeLessThan(1);
    expect(Math.abs(mean(z))).toBeLessThan(0.03);
    expect(Math.abs(mean(z.map((x) => x * x)) - 1)).toBeLessThan(0.04);
  });
  it('shuffles a copy', () => {
    const items = [1, 2, 3, 4, 5, 6, 7, 8];
    const shuffled = random(1).shuffle(items);
    expect(items).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect([...shuffled].sort()).toEqual(items);
    expect(shuffled).not.toEqual(items);
    expect(shuffled).toEqual(random(1).shuffle(items));
  });
});
