import type { Product } from '@gatewise/kernels';
import { describe, expect, it } from 'vitest';
import { findAddon } from './addon.js';
import { nativeDense } from './dense.js';

const addon = findAddon();
const why = addon instanceof Error ? `: ${addon.message}` : '';

describe.skipIf(addon instanceof Error)(`products and losses of the addon${why}`, () => {
  if (addon instanceof Error) return;
  const dense = nativeDense(addon);
  const f = (n: number) => new Float32Array(n).fill(1);
  const product = (more: Partial<Product>) =>
    dense.product({
      ...{ batches: 1, m: 2, n: 3, k: 4, a: f(8), b: f(12), c: f(6), bias: null, activation: 'linear' },
      ...{ transposeA: false, transposeB: false, repeatA: false, repeatB: false },
      ...more,
    });

  it('multiply with every instruction set', () => {
    const [best, , , ...sets] = addon.describe();
    for (const set of sets) {
      addon.use(set);
      const c = f(6);
      product({ a: Float32Array.from({ length: 8 }, (_, i) => i), bias: Float32Array.of(0, 1, -30), c });
      expect([...c]).toEqual([6, 7, -24, 22, 23, -8]);
    }
    addon.use(best);
  });

  it('refuse arrays that are too short or too long, and sizes that are none', () => {
    const bad: Partial<Product>[] = [
      { a: f(7) },
      { b: f(13) },
      { c: f(5) },
      { bias: f(2) },
      { m: -1 },
      { k: 1 << 30, n: 1 << 30 },
      { batches: 2 },
      { activation: 'relu6' as 'relu' },
    ];
    for (const more of bad) {
      expect(() => product(more), JSON.stringify(Object.keys(more))).toThrow(
        expect.objectContaining({ code: 'GW_ENGINE_ARGUMENTS' }),
      );
    }
    const double = new Float64Array(8) as unknown as Float32Array;
    expect(() => product({ a: double })).toThrow('got A of another type');
  });

  it('refuse ids that are no row, and write nothing then', () => {
    const values = f(4).fill(7);
    const gather = (ids: number[]) => () =>
      dense.gatherRows({ table: f(6), ids: Int32Array.from(ids), width: 2, values });
    for (const ids of [
      [0, 3],
      [-1, 0],
    ]) {
      expect(gather(ids)).toThrow(expect.objectContaining({ code: 'GW_ENGINE_IDS' }));
    }
    expect([...values]).toEqual([7, 7, 7, 7]);
    const loss = (targets: Int32Array | Float32Array) => () =>
      dense.crossEntropy({ rows: 2, classes: 3, logits: f(6), targets, mask: null, gradient: null });
    expect(loss(Int32Array.of(0, 3))).toThrow('got the target 3, wanted 0 to 2');
    expect(loss(new Float32Array(5))).toThrow('got the targets of 5 elements, wanted 6');
    expect(loss(Int32Array.of(0, 2))()).toBeCloseTo(Math.log(3), 6);
  });

  it('combine only arrays of the length of their spread', () => {
    const combine = (a: number, b: number) => () =>
      dense.combine({
        ...{ by: 'add', rows: 2, width: 3, spreadA: 'full', spreadB: 'column', out: f(6) },
        ...{ a: f(a), b: f(b) },
      });
    expect(combine(6, 3)).toThrow('got b of 3 elements, wanted 2');
    expect(combine(5, 2)).toThrow('got a of 5 elements, wanted 6');
    expect(combine(6, 2)).not.toThrow();
    expect(() => dense.sumRows(f(7), f(2))).toThrow('GW_ENGINE_ARGUMENTS');
    const drop = (length: number, rate: number) => () =>
      dense.dropout({ rows: 2, steps: 1, units: 3, key: 1, rate, x: f(6), out: f(length) });
    expect(drop(5, 0.5)).toThrow('got the result of 5 elements, wanted 6');
    for (const rate of [0, 1, Number.NaN]) expect(drop(6, rate)).toThrow('wanted one above 0 and below 1');
  });
});
