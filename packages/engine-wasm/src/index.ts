import { GatewiseError } from '@gatewise/core';
import { registerEngine } from '@gatewise/recurrence';
import type { KernelBackend } from '@tensorflow/tfjs-core';
import { wasmEngine } from './engine.js';
import { type Home, type OwnHome, ownHome, tfHome } from './home.js';
import { type Compiled, compileModule } from './load.js';
import { registerSegmentSum } from './segment-sum.js';

export { liveReserves } from './reserve.js';

/** What `loadWasm` found. */
export type WasmInfo =
  | { readonly variant: 'SIMD' | 'relaxed SIMD' }
  | { readonly missing: GatewiseError };

let loading: Promise<WasmInfo> | undefined;

/**
 * Registers the WebAssembly engine for the backends `cpu`, `wasm` and `tensorflow`, and the kernel `UnsortedSegmentSum` that
 * tf.js' wasm backend lacks: embeddings train there. Where WebAssembly has no SIMD nothing is registered and `missing` says
 * why (`GW_ENGINE_WASM`). `useBackend` of @gatewise/backends calls this. Under a Content-Security-Policy it needs
 * `wasm-unsafe-eval`, nothing more.
 *
 * @example
 * await loadWasm(); // { variant: 'relaxed SIMD' }
 */
export function loadWasm(): Promise<WasmInfo> {
  loading ??= load();
  return loading;
}

async function load(): Promise<WasmInfo> {
  let compiled: Compiled;
  try {
    compiled = await compileModule();
  } catch (error) {
    if (error instanceof GatewiseError) return { missing: error };
    throw error;
  }
  const homeOf = homes(compiled);
  registerEngine(wasmEngine(homeOf));
  registerSegmentSum(homeOf);
  return { variant: compiled.variant === 'relaxed' ? 'relaxed SIMD' : 'SIMD' };
}

/** A home for each wasm backend that lets us in, made at first use; one of our own for all others. */
function homes(compiled: Compiled): (backend: KernelBackend) => Home {
  const known = new WeakMap<object, Home>();
  let own: OwnHome | undefined;
  return (backend) => {
    let home = known.get(backend);
    if (!home) {
      own ??= ownHome(compiled);
      home = tfHome(compiled, backend) ?? own;
      known.set(backend, home);
    }
    return home;
  };
}
