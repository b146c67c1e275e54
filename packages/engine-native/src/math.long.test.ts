import { writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { findAddon } from './addon.js';

const addon = findAddon();
const missing = addon instanceof Error;
const title = missing ? ' (skipped: the addon is not built)' : '';
const here: string[] = missing ? [] : addon.describe().slice(3).map(String);
const figures: { arch: string; function: string; worstUlp: number; at: number; floats: number }[] = [];
const functions = ['exp', 'logistic', 'tanh'];

describe.skipIf(missing).each(here)(`%s${title}`, (arch) => {
  it.each(functions)(
    '%s is within 2 ulp on every float of [-100, 100]',
    (name) => {
      if (addon instanceof Error) throw addon;
      addon.use(arch);
      const [worst, at, count] = addon.ulp(functions.indexOf(name), -100, 100, 1);
      expect(count).toBeGreaterThan(2.2e9);
      expect(worst, `worst at ${at}`).toBeLessThanOrEqual(2);
      figures.push({ arch, function: name, worstUlp: worst, at, floats: count });
    },
    900_000,
  );
});

afterAll(() => {
  const text = figures.map((figure) => `  ${JSON.stringify(figure)}`).join(',\n');
  if (figures.length > 0) writeFileSync(new URL('./math.long.json', import.meta.url), `[\n${text}\n]\n`);
});
