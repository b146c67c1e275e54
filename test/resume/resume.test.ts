import { loadNative } from '@gatewise/engine-native';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { killAndGoOn, runOnce, whileWriting } from './kills.js';
import { bundleProgram, type Program } from './process.js';

const native = await loadNative();
const why = 'missing' in native ? native.missing.message : null;
let program: Program;
beforeAll(async () => {
  program = await bundleProgram();
});
afterAll(() => program.dispose());

// Twenty moments in all; `npm run test:long` has twenty of each, and more seeds.
it.concurrent.for([
  ['wasm', null],
  ['native', why],
] as const)(
  'killed ten times on the engine %s, the run comes to the same bits',
  async ([engine, missing], { skip }) => {
    if (missing !== null) skip(missing);
    const whole = await runOnce(program, engine);
    const { bytes, result, deaths, said } = await killAndGoOn(program, engine, 10, 1);
    expect(said).toMatch(/going on from ".*step-\d+/);
    expect(whileWriting(deaths)).toBeGreaterThanOrEqual(3);
    expect(deaths.length - whileWriting(deaths)).toBeGreaterThanOrEqual(2);
    // weights, optimizer slots, carried states, tensors of plugins, byte for byte; losses of every epoch
    expect(bytes).toEqual(whole.bytes);
    expect(result).toEqual(whole.result);
    expect(Object.keys(bytes)).toEqual(
      expect.arrayContaining(['model/memory/kernel', 'model-state/carried/0']),
    );
  },
);
