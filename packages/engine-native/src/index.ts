import type { GatewiseError } from '@gatewise/core';
import { registerEngine } from '@gatewise/recurrence';
import { findAddon } from './addon.js';
import { nativeEngine } from './engine.js';

let registered = false;
let said = false;

/** What `loadNative` found. */
export type NativeInfo =
  | { readonly arch: string; readonly threads: number }
  | { readonly missing: GatewiseError };

/**
 * Registers the native engine for the backends `cpu` and `tensorflow`. Without a built addon nothing is registered,
 * `missing` says why (`GW_ENGINE_NATIVE`), and so does one warning.
 *
 * The environment variable GATEWISE_THREADS sets the number of threads, GATEWISE_NATIVE_ARCH the instruction set.
 *
 * @example
 * await loadNative(); // { arch: 'avx2', threads: 2 }
 */
export async function loadNative(): Promise<NativeInfo> {
  const addon = findAddon();
  if (addon instanceof Error) {
    if (!said) console.warn(addon.message);
    said = true;
    return { missing: addon };
  }
  if (!registered) registerEngine(nativeEngine(addon));
  registered = true;
  const [arch, threads] = addon.describe();
  return { arch, threads };
}

/** Recorded sequences whose backward has not run: 0 between training steps. */
export function liveReserves(): number {
  const addon = findAddon();
  return addon instanceof Error ? 0 : addon.describe()[2];
}
