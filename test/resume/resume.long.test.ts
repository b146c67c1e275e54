import { loadNative } from '@gatewise/engine-native';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { killAndGoOn, runOnce, whileWriting } from './kills.js';
import { bundleProgram, type Program } from './process.js';

const native = await loadNative();
let program: Program;
beforeAll(async () => {
  program = await bundleProgram();
});
afterAll(() => program.dispose());

const engines = ['wasm', ...('missing' in native ? [] : ['native'])];
describe.each(engines)('the engine %s', (engine) => {
  it.each([1, 2, 3, 4])(
    'killed at twenty moments of seed %d, the run comes to the same bits',
    async (seed) => {
      const whole = await runOnce(program, engine, 20);
      const { bytes, result, deaths } = await killAndGoOn(program, engine, 20, seed);
      expect(whileWriting(deaths)).toBeGreaterThanOrEqual(5);
      expect(bytes).toEqual(whole.bytes);
      expect(result).toEqual(whole.result);
    },
  );
});

it.runIf(engines.includes('native'))('another number of threads comes to the same bits', async () => {
  const [one, two] = [await runOnce(program, 'native', 10, '1'), await runOnce(program, 'native', 10, '2')];
  expect(two.bytes).toEqual(one.bytes);
});
