import { isNode } from './environment.js';
import type { ConcreteBackend } from './names.js';

interface NativePackage {
  loadNative(): Promise<{ arch: string; threads: number } | { missing: Error }>;
}
interface WasmPackage {
  loadWasm(): Promise<{ variant: string } | { missing: Error }>;
}

/** In a variable, so that bundlers for browsers do not follow it. */
const nativePackage = '@gatewise/engine-native';

/**
 * Registers the engines that can read the backend's tensors, and says which will run the recurrent op:
 * `native (avx2, 2 threads)` in Node where it is built, else `wasm (relaxed SIMD)`, else `ops`, composed of the backend's
 * own ops; `webgpu` on webgpu; `webgl (8 targets, float32)` on webgl.
 */
export async function loadEngine(name: ConcreteBackend): Promise<string> {
  if (name === 'webgpu') return loadWebgpuEngine();
  if (name === 'webgl') return loadWebglEngine();
  if (!['cpu', 'node', 'wasm'].includes(name)) return 'ops';
  const wasm = await loadWasmEngine();
  return (isNode() ? await loadNativeEngine(wasm) : null) ?? wasm;
}

async function loadNativeEngine(instead: string): Promise<string | null> {
  try {
    const { loadNative } = (await import(/* @vite-ignore */ nativePackage)) as NativePackage;
    const found = await loadNative();
    if (!('missing' in found)) return `native (${found.arch}, ${found.threads} threads)`;
    say(`the engine native is left out, ${instead} takes over: ${found.missing.message}`);
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
  }
  return null;
}

async function loadWasmEngine(): Promise<string> {
  const { loadWasm }: WasmPackage = await import('@gatewise/engine-wasm');
  const found = await loadWasm();
  if (!('missing' in found)) return `wasm (${found.variant})`;
  say(`the engine wasm is left out, ops takes over: ${found.missing.message}`);
  return 'ops';
}

async function loadWebgpuEngine(): Promise<string> {
  const engine = await import('@gatewise/engine-webgpu');
  engine.loadWebgpuEngine();
  return 'webgpu';
}

async function loadWebglEngine(): Promise<string> {
  const engine = await import('@gatewise/engine-webgl');
  const found = engine.loadWebglEngine();
  return found ? `webgl (${found.targets} targets, float${found.bits})` : 'ops';
}

const said = new Set<string>();
function say(text: string): void {
  if (said.has(text)) return;
  said.add(text);
  console.warn(`gatewise: ${text}`);
}
