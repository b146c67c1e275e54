import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findCompiler } from '../build.mjs';
import { allCells } from './test-support/all-cells.js';
import { buildFuzzer, fuzz, hasSanitizers, sanitized } from './test-support/fuzz.js';

const compiler = findCompiler();
const able = hasSanitizers(compiler);
const threads = hasSanitizers(compiler, 'thread');
const title = (there: boolean) => (there ? '' : ' (skipped: no sanitizers)');

describe.skipIf(!able)(`the C++ core under sanitizers, ten minutes${title(able)}`, () => {
  it('stays inside its arrays for random sizes and options', async () => {
    const binary = await buildFuzzer(sanitized(compiler));
    let runs = 0;
    for (let seed = 2; seed <= 11; seed++) {
      const { status, text } = fuzz(binary, allCells, 60, seed);
      expect(text, `seed ${seed}`).toMatch(/^\d+ runs\n$/);
      expect(status).toBe(0);
      runs += Number.parseInt(text, 10);
    }
    writeFileSync(
      new URL('./fuzz.long.json', import.meta.url),
      `${JSON.stringify({ seconds: 600, seeds: 10, runs }, null, 2)}\n`,
    );
  }, 1_800_000);
});

describe.skipIf(!threads)(`the C++ core under ThreadSanitizer, one minute${title(threads)}`, () => {
  it('no thread reads what another one writes', async () => {
    const { status, text } = fuzz(await buildFuzzer(sanitized(compiler, 'thread')), allCells, 60, 12);
    expect(text).toMatch(/^\d+ runs\n$/);
    expect(status).toBe(0);
  }, 600_000);
});
