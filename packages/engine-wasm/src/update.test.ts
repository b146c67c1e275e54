import { random } from '@gatewise/core';
import { type UpdateRule, updateRules } from '@gatewise/kernels';
import { describe, expect, it } from 'vitest';
import { ownHome } from './home.js';
import { compileModule, variantsHere } from './load.js';
import { wasmUpdates } from './update.js';

/** Two steps of every rule in float64. */
const η = 0.1;
const rules: Readonly<
  Record<UpdateRule, { numbers: number[]; step(w: number, g: number, s: number[]): number }>
> = {
  sgd: { numbers: [η], step: (w, g) => w - η * g },
  momentum: {
    numbers: [η, 0.9],
    step(w, g, s) {
      s[0] = 0.9 * s[0]! + g;
      return w - η * s[0];
    },
  },
  nesterov: {
    numbers: [η, 0.9],
    step(w, g, s) {
      s[0] = 0.9 * s[0]! + g;
      return w - η * (g + 0.9 * s[0]);
    },
  },
  rmsprop: {
    numbers: [η, 0.9, 0.1, 1e-3],
    step(w, g, s) {
      s[0] = 0.9 * s[0]! + 0.1 * g * g;
      return w - (η * g) / (Math.sqrt(s[0]) + 1e-3);
    },
  },
  adam: { numbers: [η, 2, 0.9, 0.1, 0.99, 0.01, 1e-3], step: (w, g, s) => w - adam(g, s) },
  adamw: { numbers: [η, 2, 0.9, 0.1, 0.99, 0.01, 1e-3, 0.05], step: (w, g, s) => w - adam(g, s) - 0.05 * w },
};
function adam(g: number, s: number[]): number {
  s[0] = 0.9 * s[0]! + 0.1 * g;
  s[1] = 0.99 * s[1]! + 0.01 * g * g;
  return (η * s[0]) / (2 * Math.sqrt(s[1]) + 1e-3);
}

describe.each(variantsHere())('updates by the module, %s', async (variant) => {
  const home = ownHome(await compileModule(variant));
  const ours = wasmUpdates(home);

  it.each(updateRules)('%s is the rule, whatever the size, and gives its memory back', (rule) => {
    const { numbers, step } = rules[rule];
    const draw = random(1);
    const floats = (n: number, of = () => draw.normal()) => Float32Array.from({ length: n }, of);
    const slots = { sgd: 0, adam: 2, adamw: 2 }[rule as string] ?? 1;
    const weights = [0, 1, 3, 4, 17, 4095, 4096, 4097, 9000].map((n) => {
      const w = floats(n);
      return {
        w,
        g: floats(n),
        slots: Array.from({ length: slots }, () => floats(n, () => 0)),
        out: new Float32Array(n),
      };
    });
    const expected = weights.map(({ w, g }) =>
      [...w].map((value, i) => {
        const s = [0, 0];
        return step(step(value, g[i]!, s), g[i]!, s);
      }),
    );
    ours.update(rule, numbers, weights);
    ours.update(
      rule,
      numbers,
      weights.map((one) => ({ ...one, w: one.out })),
    );
    for (const [k, { out }] of weights.entries()) {
      for (const [i, value] of out.entries()) expect(Math.abs(value - expected[k]![i]!)).toBeLessThan(1e-6);
    }
    expect(home.heap.used).toBe(0);
  });
});
