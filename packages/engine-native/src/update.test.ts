import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { random } from '@gatewise/core';
import { type UpdateRule, type Updates, updateRules } from '@gatewise/kernels';
import { describe, expect, it } from 'vitest';
import { findAddon } from './addon.js';
import { nativeUpdates } from './update.js';

const addon = findAddon();
const missing = addon instanceof Error;
const title = missing ? ' (skipped: the addon is not built)' : '';
const numbers: Readonly<Record<UpdateRule, number[]>> = {
  sgd: [0.1],
  momentum: [0.1, 0.9],
  nesterov: [0.1, 0.9],
  rmsprop: [0.1, 0.9, 0.1, 1e-8],
  adam: [0.1, 2, 0.9, 0.1, 0.99, 0.01, 1e-8],
  adamw: [0.1, 2, 0.9, 0.1, 0.99, 0.01, 1e-8, 0.05],
};
const slotsOf = (rule: UpdateRule) => ({ sgd: 0, adam: 2, adamw: 2 })[rule as string] ?? 1;
const floats = (n: number, of = (i: number) => i) => Float32Array.from({ length: n }, (_, i) => of(i));

describe.skipIf(missing)(`updates, norms and scaling${title}`, () => {
  const native = missing ? (undefined as unknown as Updates) : nativeUpdates(addon);
  const weight = (rule: UpdateRule, n = 3) => ({
    w: floats(n, () => 1),
    g: floats(n, () => 2),
    slots: Array.from({ length: slotsOf(rule) }, () => floats(n, () => 0)),
    out: new Float32Array(n),
  });

  it.each(updateRules)('%s may write the new weights over the old ones', (rule) => {
    const [apart, inPlace] = [weight(rule), weight(rule)];
    native.update(rule, numbers[rule], [apart]);
    native.update(rule, numbers[rule], [{ ...inPlace, out: inPlace.w }]);
    expect(inPlace.w).toEqual(apart.out);
    expect(apart.out[0]).not.toBe(1);
    expect(apart.w).toEqual(floats(3, () => 1));
  });

  it('takes no weights, and weights of nothing', () => {
    native.update('adam', numbers.adam, []);
    native.update('adam', numbers.adam, [weight('adam', 0), weight('adam', 0)]);
    expect(native.sumOfSquares([])).toBe(0);
    expect(native.sumOfSquares([new Float32Array(0)])).toBe(0);
  });

  it('refuses what does not fit before it writes anything', () => {
    const good = weight('adam');
    const bad = weight('adam');
    const five = new Float32Array(5);
    const cases: [UpdateRule, number[], (typeof bad)[], RegExp][] = [
      ['adam', [1, 2], [bad], /the numbers of the rule of 2 elements, wanted 7/],
      ['adam', numbers.adam, [{ ...bad, g: five }], /a gradient of 5 elements, wanted 3/],
      ['adam', numbers.adam, [{ ...bad, out: five }], /a new weight of 5 elements/],
      ['adam', numbers.adam, [{ ...bad, slots: [bad.slots[0]!, five] }], /a slot of 5 elements/],
      ['adam', numbers.adam, [{ ...bad, slots: [bad.slots[0]!] }], /arrays, wanted 5 a weight/],
      ['adam', numbers.adam, [{ ...bad, slots: [bad.slots[0]!, bad.slots[0]!] }], /written and overlaps/],
      ['adam', numbers.adam, [{ ...bad, out: bad.g }], /written and overlaps/],
      ['adam', numbers.adam, [bad, bad], /written and overlaps/],
      [
        'adam',
        numbers.adam,
        [{ ...bad, w: new Float64Array(3) as unknown as Float32Array }],
        /a weight of another type/,
      ],
      ['adagrad' as UpdateRule, numbers.adam, [bad], /an unknown update rule/],
    ];
    for (const [rule, numbers, weights, message] of cases) {
      expect(() => native.update(rule, numbers, [good, ...weights])).toThrow(message);
      expect(() => native.update(rule, numbers, [good, ...weights])).toThrow(/^GW_ENGINE_ARGUMENTS/);
    }
    expect(good).toEqual(weight('adam'));
    expect(() => native.scale(five, 2, new Float32Array(4))).toThrow(/GW_ENGINE_ARGUMENTS/);
    expect(() => native.scale(five, 2, new Float32Array(five.buffer, 0, 4))).toThrow(/GW_ENGINE_ARGUMENTS/);
    expect(() => native.sumOfSquares([five, null as unknown as Float32Array])).toThrow(/GW_ENGINE_ARGUMENTS/);
  });

  it.each([1e20, 1, 1e-25, 1e-42])('sums squares about %s² without leaving the range', (scale) => {
    const draw = random(3);
    const arrays = [1, 4095, 4096, 9001].map((n) => floats(n, () => draw.normal() * scale));
    const wanted = arrays.flatMap((a) => [...a]).reduce((sum, v) => sum + v * v, 0);
    expect(Math.abs(native.sumOfSquares(arrays) / wanted - 1)).toBeLessThan(1e-12);
    expect(native.sumOfSquares([...arrays, floats(1, () => Number.NaN)])).toBeNaN();
    expect(native.sumOfSquares([...arrays, floats(2, () => Number.NEGATIVE_INFINITY)])).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  it('scales with one rounding', () => {
    const x = floats(9001, (i) => Math.sin(i) * 3e37);
    const factor = 1e-41;
    const out = new Float32Array(x.length);
    native.scale(x, factor, out);
    expect(out).toEqual(x.map((v) => Math.fround(v * factor)));
    native.scale(x, factor, x);
    expect(x).toEqual(out);
  });

  it('gives the same bits whatever the number of threads', () => {
    const script = `
      const addon = require(${JSON.stringify(fileURLToPath(new URL('../build/gatewise_native.node', import.meta.url)))});
      const of = (k) => Float32Array.from({ length: 50001 + k }, (_, i) => Math.sin(i * (k + 1)) * 1.1 ** (i % 50));
      const arrays = [0, 1, 2].flatMap((k) => [of(k), of(k), of(k), of(k), of(k).map(Math.abs)]);
      addon.update(4, Float32Array.of(0.1, 2, 0.9, 0.1, 0.99, 0.01, 1e-8), arrays);
      const hash = require('node:crypto').createHash('sha256');
      for (const a of arrays) hash.update(new Uint8Array(a.buffer));
      console.log(addon.describe()[1], hash.digest('hex'), addon.sumOfSquares(arrays));`;
    const [one, three] = ['1', '3'].map((threads) => {
      const env = { ...process.env, GATEWISE_THREADS: threads };
      return spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8' }).stdout.trim().split(' ');
    });
    expect([one![0], three![0]]).toEqual(['1', '3']);
    expect(three!.slice(1)).toEqual(one!.slice(1));
    expect(one![1]).toMatch(/^[0-9a-f]{64}$/);
  });
});
