import { GatewiseError } from '@gatewise/core';
import { provideArithmetic } from '@gatewise/kernels';
import { registerEngine } from '@gatewise/recurrence';
import type { KernelBackend } from '@tensorflow/tfjs-core';
import { wasmDense } from './dense.js';
import { wasmEngine } from './engine.js';
import { type Home, type OwnHome, ownHome, tfHome } from './home.js';
import { type Compiled, compileModule } from './load.js';
import { registerSegmentSum } from './segment-sum.js';
import { wasmUpdates } from './update.js';

export { liveReserves } from './reserve.js';

/** What `loadWasm` found. */
export type WasmInfo = { readonly variant: 'SIMD' | 'relaxed SIMD' } | { readonly missing: GatewiseError };

let loading: Promise<WasmInfo> | undefined;

/**
 * Registers the WebAssembly engine for the backends `cpu`, `wasm` and `tensorflow`, its arithmetic for @gatewise/kernels,
 * and the kernel `UnsortedSegmentSum` that tf.js' wasm backend lacks, so that embeddings train there. Where WebAssembly has
 * no SIMD nothing is registered and `missing` says why (`GW_ENGINE_WASM`). `useBackend` of @gatewise/backends calls this.
 * Under a Content-Security-Policy it needs `wasm-unsafe-eval`, nothing more.
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
  const own = ownHome(compiled);
  const homeOf = homes(compiled, own);
  registerEngine(wasmEngine(homeOf));
  registerSegmentSum(homeOf);
  provideArithmetic({ name: 'wasm', ...wasmDense(own), ...wasmUpdates(own) }, 10);
  return { variant: compiled.variant === 'relaxed' ? 'relaxed SIMD' : 'SIMD' };
}

/** A home for each wasm backend that lets us in, made at first use; our own for all others. */
function homes(compiled: Compiled, own: OwnHome): (backend: KernelBackend) => Home {
  const known = new WeakMap<object, Home>();
  return (backend) => {
    let home = known.get(backend);
    if (!home) {
      home = tfHome(compiled, backend) ?? own;
      known.set(backend, home);
    }
    return home;
  };
}
