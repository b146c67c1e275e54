import { beforeAll, describe, expect, it } from 'vitest';
import { compileModule, type Exports, variantsHere } from './load.js';
import { atEnd, functions, worstUlp } from './test-support/ulp.js';

describe.each(variantsHere())('%s', (variant) => {
  const memory = new WebAssembly.Memory({ initial: 2 });
  let exports: Exports;
  beforeAll(async () => {
    exports = (await compileModule(variant)).instantiate(memory, atEnd(memory));
  });

  it.each(Object.keys(functions))('%s is within 2 ulp on every 2003rd float of [-100, 100]', (name) => {
    const { worst, at, count } = worstUlp(exports, memory, name, 100, 2003);
    expect(count).toBeGreaterThan(1e6);
    expect(worst, `worst at ${at}`).toBeLessThanOrEqual(2);
  });

  it('NaN stays NaN, and infinities go where they must', () => {
    const [up, down] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const special = [Number.NaN, up, down, 0, -0, 3e38, -3e38, 1e-30];
    const math = (which: number) => {
      new Float32Array(memory.buffer, 64, 8).set(special);
      exports.math(which, 64, 128, 8);
      return [...new Float32Array(memory.buffer, 128, 8)];
    };
    expect(math(0)).toEqual([Number.NaN, up, 0, 1, 1, up, 0, 1]);
    expect(math(1)).toEqual([Number.NaN, 1, 0, 0.5, 0.5, 1, 0, 0.5]);
    expect(math(2)).toEqual([Number.NaN, 1, -1, 0, -0, 1, -1, Math.fround(1e-30)]);
  });
});
