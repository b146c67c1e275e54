import { describe, expect, it } from 'vitest';
import { type DrawOptions, draw, probabilities } from './draw.js';
import { random } from './random.js';

/** How often each id is drawn in 20,000 draws. */
function shares(z: readonly number[], options: DrawOptions): number[] {
  const stream = random(1);
  const counts = z.map(() => 0);
  for (let i = 0; i < 20_000; i++) counts[draw(z, options, stream)]! += 1 / 20_000;
  return counts;
}
/** Logits of ⅛, ¼, ⅝. */
const z = [0, Math.log(2), Math.log(5)];

const cases: readonly [DrawOptions, readonly number[]][] = [
  [{}, [1 / 8, 2 / 8, 5 / 8]],
  // at τ = ½ the odds are squared
  [{ temperature: 0.5 }, [1 / 30, 4 / 30, 25 / 30]],
  [{ temperature: 0 }, [0, 0, 1]],
  [{ topK: 2 }, [0, 2 / 7, 5 / 7]],
  [{ topK: 1 }, [0, 0, 1]],
  [{ topK: 9 }, [1 / 8, 2 / 8, 5 / 8]],
  // ⅝ falls short of 0.7, with ¼ it is reached
  [{ topP: 0.7 }, [0, 2 / 7, 5 / 7]],
  [{ topP: 0.6 }, [0, 0, 1]],
  [{ topP: 0.9 }, [1 / 8, 2 / 8, 5 / 8]],
  // p counts among the k that are left: 5/7 reaches 0.7
  [{ topK: 2, topP: 0.7 }, [0, 0, 1]],
];

describe.each(cases)('%j', (options, wanted) => {
  it('has these probabilities, and draws by them', () => {
    const p = probabilities(z, options);
    const drawn = shares(z, options);
    for (const [c, share] of wanted.entries()) {
      expect(p[c]).toBeCloseTo(share, 12);
      expect(drawn[c]).toBeCloseTo(share, 2);
      if (share === 0) expect(drawn[c]).toBe(0);
    }
  });
});

it('draws what is large beyond the range of exp, and never −∞', () => {
  expect(draw([1000, -1000, 999], { temperature: 1e-3 }, random(1))).toBe(0);
  expect(shares([-Infinity, 0, -Infinity, 0], {})[0]).toBe(0);
});

it('takes the lower id where logits are equal', () => {
  expect([...probabilities([1, 1, 1, 0], { topK: 2 })]).toEqual([0.5, 0.5, 0, 0]);
  expect([...probabilities([1, 1], { temperature: 0 })]).toEqual([1, 0]);
});

it('draws the same with the same seed', () => {
  const run = () => {
    const stream = random(7);
    return Array.from({ length: 50 }, () => draw(z, { topP: 0.95 }, stream));
  };
  expect(run()).toEqual(run());
});

it('says what is wrong', () => {
  for (const options of [{ temperature: -1 }, { topK: 0 }, { topK: 1.5 }, { topP: 0 }, { topP: 1.1 }]) {
    expect(() => probabilities(z, options)).toThrow(/GW_DRAW_OPTION/);
  }
  for (const bad of [[], [Number.NaN, 1], [Infinity, 0], [-Infinity]]) {
    expect(() => draw(bad, {}, random(1))).toThrow(/GW_DRAW_LOGITS/);
  }
});
