import { describe, expect, it } from 'vitest';
import { findAddon } from './addon.js';

const addon = findAddon();
const missing = addon instanceof Error;
const title = missing ? ' (skipped: the addon is not built)' : '';
const here: string[] = missing ? [] : addon.describe().slice(3).map(String);
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
      console.log(`${arch} ${name}: worst ${worst.toFixed(3)} ulp at ${at}, ${count} floats`);
    },
    900_000,
  );
});
