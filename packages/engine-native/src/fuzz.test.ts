import { describe, expect, it } from 'vitest';
import { findCompiler } from '../build.mjs';
import { allCells } from './test-support/all-cells.js';
import { buildFuzzer, fuzz, hasSanitizers, sanitized } from './test-support/fuzz.js';

const compiler = (() => {
  try {
    return findCompiler();
  } catch {
    return null;
  }
})();
const able = compiler !== null && hasSanitizers(compiler);
const title = able ? '' : ' (skipped: no C++ compiler with sanitizers)';

describe.skipIf(!able)(`the C++ core under AddressSanitizer and UndefinedBehaviorSanitizer${title}`, () => {
  it('stays inside its arrays for random sizes and options', async () => {
    const binary = await buildFuzzer(sanitized(compiler!));
    const { status, text } = fuzz(binary, allCells, 5, 1);
    expect(text).toMatch(/^\d+ runs\n$/);
    expect(status).toBe(0);
  }, 600_000);
});
