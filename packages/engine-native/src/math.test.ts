import { describe, expect, it } from 'vitest';
import { findAddon } from './addon.js';

const addon = findAddon();
const missing = addon instanceof Error;
const title = missing ? ' (skipped: the addon is not built)' : '';
const here: string[] = missing ? [] : addon.describe().slice(3).map(String);
const functions = ['exp', 'logistic', 'tanh'];

describe.skipIf(missing).each(here)(`%s${title}`, (arch) => {
  const math = (which: number, values: number[]) => {
    if (addon instanceof Error) throw addon;
    const x = new Float32Array(16);
    x.set(values);
    addon.use(arch);
    addon.math(which, x);
    return [...x].slice(0, values.length);
  };

  it.each(functions)('%s is within 2 ulp on every 997th float of [-100, 100]', (name) => {
    if (addon instanceof Error) throw addon;
    addon.use(arch);
    const [worst, at, count] = addon.ulp(functions.indexOf(name), -100, 100, 997);
    expect(count).toBeGreaterThan(2e6);
    expect(worst, `worst at ${at}`).toBeLessThanOrEqual(2);
  });

  it('NaN stays NaN, and infinities go where they must', () => {
    const [up, down] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const special = [Number.NaN, up, down, 0, -0, 3e38, -3e38];
    expect(math(0, special)).toEqual([Number.NaN, up, 0, 1, 1, up, 0]);
    expect(math(1, special)).toEqual([Number.NaN, 1, 0, 0.5, 0.5, 1, 0]);
    expect(math(2, special)).toEqual([Number.NaN, 1, -1, 0, -0, 1, -1]);
  });
});
