import { loadNative } from '@gatewise/engine-native';
import { describe } from 'vitest';

const found = await loadNative();

/** Runs tests where the native engine is built; elsewhere they show up as skipped, with the reason. */
export function withNative(tests: () => void): void {
  const title =
    'missing' in found ? `engine native, not built here: ${found.missing.message}` : 'engine native';
  describe.skipIf('missing' in found)(title, tests);
}
