import { random } from '@gatewise/core';
import {
  type Arithmetic,
  arithmetic,
  type UpdateArrays,
  type UpdateRule,
  updateRules,
} from '@gatewise/kernels';
import { beforeAll, expect, it } from 'vitest';
import { arithmeticNames, withArithmetic } from './arithmetics.js';

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

/** Norms of the arithmetic before, by scale: the next one has the same bits. */
const norms = new Map<number, number>();
for (const name of arithmeticNames) withArithmetic(name, () => updates(name));

function updates(name: string): void {
  let ours: Arithmetic;
  beforeAll(() => {
    ours = arithmetic(name) as Arithmetic;
  });
  const weight = (rule: UpdateRule, n = 3): UpdateArrays => ({
    w: floats(n, () => 1),
    g: floats(n, () => 2),
    slots: Array.from({ length: slotsOf(rule) }, () => floats(n, () => 0)),
    out: new Float32Array(n),
  });

  it.each(updateRules)('%s may write the new weights over the old ones', (rule) => {
    const [apart, inPlace] = [weight(rule), weight(rule)];
    ours.update(rule, numbers[rule], [apart]);
    ours.update(rule, numbers[rule], [{ ...inPlace, out: inPlace.w }]);
    expect(inPlace.w).toEqual(apart.out);
    expect(apart.out[0]).not.toBe(1);
    expect(apart.w).toEqual(floats(3, () => 1));
  });

  it('takes no weights, and weights of nothing', () => {
    ours.update('adam', numbers.adam, []);
    ours.update('adam', numbers.adam, [weight('adam', 0), weight('adam', 0)]);
    expect(ours.sumOfSquares([])).toBe(0);
    expect(ours.sumOfSquares([new Float32Array(0)])).toBe(0);
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
      ['adam', numbers.adam, [{ ...bad, slots: [bad.slots[0]!] }], /wanted \d a weight/],
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
      expect(() => ours.update(rule, numbers, [good, ...weights])).toThrow(message);
      expect(() => ours.update(rule, numbers, [good, ...weights])).toThrow(/^GW_ENGINE_ARGUMENTS/);
    }
    expect(good).toEqual(weight('adam'));
    expect(() => ours.scale(five, 2, new Float32Array(4))).toThrow(/GW_ENGINE_ARGUMENTS/);
    expect(() => ours.scale(five, 2, new Float32Array(five.buffer, 0, 4))).toThrow(/GW_ENGINE_ARGUMENTS/);
    expect(() => ours.sumOfSquares([five, null as unknown as Float32Array])).toThrow(/GW_ENGINE_ARGUMENTS/);
  });

  it.each([1e20, 1, 1e-25, 1e-42])('sums squares about %s² without leaving the range', (scale) => {
    const draw = random(3);
    const arrays = [1, 4095, 4096, 9001].map((n) => floats(n, () => draw.normal() * scale));
    const sum = ours.sumOfSquares(arrays);
    expect(sum).toBe(norms.get(scale) ?? sum);
    norms.set(scale, sum);
    const wanted = arrays.flatMap((a) => [...a]).reduce((sum, v) => sum + v * v, 0);
    expect(Math.abs(sum / wanted - 1)).toBeLessThan(1e-12);
    expect(ours.sumOfSquares([...arrays, floats(1, () => Number.NaN)])).toBeNaN();
    expect(ours.sumOfSquares([...arrays, floats(2, () => Number.NEGATIVE_INFINITY)])).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  it('scales with one rounding', () => {
    const x = floats(9001, (i) => Math.sin(i) * 3e37);
    const factor = 1e-41;
    const out = new Float32Array(x.length);
    ours.scale(x, factor, out);
    expect(out).toEqual(x.map((v) => Math.fround(v * factor)));
    ours.scale(x, factor, x);
    expect(x).toEqual(out);
  });
}
