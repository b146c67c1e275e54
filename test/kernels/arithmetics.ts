import { useBackend } from '@gatewise/backends';
import { loadNative } from '@gatewise/engine-native';
import { loadWasm } from '@gatewise/engine-wasm';
import { type Arithmetic, arithmetic, installKernels, provideArithmetic } from '@gatewise/kernels';
import { afterAll, beforeAll, describe } from 'vitest';

const [native, wasm] = [await loadNative(), await loadWasm()];

/** Why an arithmetic is not here, or null. */
const missing: Readonly<Record<string, string | null>> = {
  native: 'missing' in native ? native.missing.message : null,
  wasm: 'missing' in wasm ? wasm.missing.message : null,
};
export const arithmeticNames = Object.keys(missing);

/** What ours was asked for, since the last reading. */
export type Calls = () => readonly string[];

/** Tests with the kernels of one arithmetic on cpu, and a list of its calls; skipped, with the reason, where it is not. */
export function withArithmetic(name: string, body: (calls: Calls) => void): void {
  const why = missing[name] ?? null;
  describe.skipIf(why !== null)(`arithmetic ${name}${why === null ? '' : `: ${why}`}`, () => {
    let seen: string[] = [];
    let real: Arithmetic;
    beforeAll(async () => {
      await useBackend('cpu');
      real = arithmetic(name) as Arithmetic;
      provideArithmetic(
        watched(real, (call) => seen.push(call)),
        100,
      );
      installKernels();
    });
    afterAll(() => provideArithmetic(real, 0));
    body(() => {
      const read = seen;
      seen = [];
      return read;
    });
  });
}

/** The same arithmetic, which says what it does. */
function watched(real: Arithmetic, say: (call: string) => void): Arithmetic {
  const spoken = Object.entries(real).map(([key, value]) => {
    if (typeof value !== 'function') return [key, value];
    const run = (...args: unknown[]) => {
      if (key !== 'array') say(key);
      return (value as (...args: unknown[]) => unknown)(...args);
    };
    return [key, run];
  });
  return Object.fromEntries(spoken) as Arithmetic;
}
