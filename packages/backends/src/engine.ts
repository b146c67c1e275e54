import { isNode } from './environment.js';
import type { ConcreteBackend } from './names.js';

interface NativePackage {
  loadNative(): Promise<{ arch: string; threads: number } | { missing: Error }>;
}

/** In a variable, so that bundlers for browsers do not follow it. */
const packageName = '@gatewise/engine-native';

/**
 * Registers the C++ engine in Node, where it is built, for the backends whose tensors it can read; says what will run
 * the recurrent op: `native (avx2, 2 threads)`, or `ops`, composed of the backend's own ops.
 */
export async function loadEngine(name: ConcreteBackend): Promise<string> {
  if (!isNode() || !['cpu', 'node', 'wasm'].includes(name)) return 'ops';
  try {
    const { loadNative } = (await import(/* @vite-ignore */ packageName)) as NativePackage;
    const found = await loadNative();
    return 'missing' in found ? 'ops' : `native (${found.arch}, ${found.threads} threads)`;
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return 'ops';
  }
}
