import type { GatewiseError } from '@gatewise/core';
import { provideArithmetic } from '@gatewise/kernels';
import { registerEngine } from '@gatewise/recurrence';
import { findAddon } from './addon.js';
import { nativeDense } from './dense.js';
import { nativeEngine } from './engine.js';
import { nativeUpdates } from './update.js';

export { type OverArrays, overArrays } from './over-arrays.js';

let registered = false;

/** What `loadNative` found. */
export type NativeInfo =
  | { readonly arch: string; readonly threads: number }
  | { readonly missing: GatewiseError };

/**
 * Registers the native engine for the backends `cpu`, `wasm` and `tensorflow`, and its arithmetic for @gatewise/kernels.
 * Without a built addon nothing is registered and `missing` says why (`GW_ENGINE_NATIVE`); other engines then serve.
 * `useBackend` of @gatewise/backends calls this.
 *
 * The environment variable GATEWISE_THREADS sets the number of threads, GATEWISE_NATIVE_ARCH the instruction set.
 *
 * @example
 * await loadNative(); // { arch: 'avx2', threads: 2 }
 */
export async function loadNative(): Promise<NativeInfo> {
  const addon = findAddon();
  if (addon instanceof Error) {
    return { missing: addon };
  }
  if (!registered) {
    registerEngine(nativeEngine(addon));
    provideArithmetic({ name: 'native', ...nativeDense(addon), ...nativeUpdates(addon) }, 20);
  }
  registered = true;
  const [arch, threads] = addon.describe();
  return { arch, threads };
}

/** Recorded sequences whose backward has not run: 0 between training steps. */
export function liveReserves(): number {
  const addon = findAddon();
  return addon instanceof Error ? 0 : addon.describe()[2];
}
