import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileModule, type Exports, variantsHere } from './load.js';
import { atEnd, functions, worstUlp } from './test-support/ulp.js';

const figures: { variant: string; function: string; worstUlp: number; at: number; floats: number }[] = [];

describe.each(variantsHere())('%s', (variant) => {
  const memory = new WebAssembly.Memory({ initial: 2 });
  let exports: Exports;
  beforeAll(async () => {
    exports = (await compileModule(variant)).instantiate(memory, atEnd(memory));
  });

  it.each(Object.keys(functions))(
    '%s is within 2 ulp on every 7th float of [-100, 100]',
    (name) => {
      const { worst, at, count } = worstUlp(exports, memory, name, 100, 7);
      expect(count).toBeGreaterThan(3e8);
      expect(worst, `worst at ${at}`).toBeLessThanOrEqual(2);
      figures.push({ variant, function: name, worstUlp: worst, at, floats: count });
    },
    900_000,
  );
});

afterAll(() => {
  if (figures.length === 0) return;
  const text = JSON.stringify(figures, null, 2);
  writeFileSync(new URL('./math.long.json', import.meta.url), `${text}\n`);
});
