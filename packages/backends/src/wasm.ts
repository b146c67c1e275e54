import { GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { builtin, isNode, requireFrom } from './environment.js';
import { speedTransposedProducts } from './wasm-products.js';

const packageName = '@tensorflow/tfjs-backend-wasm';

let pathsSet = false;

/** Loads the wasm backend; `wasmPaths` is the folder or URL that serves its .wasm files in a page. */
export async function loadWasm(wasmPaths?: string): Promise<void> {
  const wasm = await importWasm();
  speedTransposedProducts();
  if (pathsSet) return;
  const folder = wasmPaths ?? (isNode() ? wasmFolder() : undefined);
  if (folder === undefined) return;
  wasm.setWasmPaths(folder.endsWith('/') ? folder : `${folder}/`);
  pathsSet = true;
}

/** `WebAssembly with SIMD, 4 threads`, as tf.js set it up here. */
export async function describeWasm(): Promise<string> {
  const [simd, threads] = await Promise.all([
    tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'),
    tf.env().getAsync('WASM_HAS_MULTITHREAD_SUPPORT'),
  ]);
  const count = simd && threads ? (await importWasm()).getThreadsCount() : 1;
  return `WebAssembly ${simd ? 'with' : 'without'} SIMD, ${count} ${count === 1 ? 'thread' : 'threads'}`;
}

async function importWasm() {
  try {
    return await import('@tensorflow/tfjs-backend-wasm');
  } catch (cause) {
    throw new GatewiseError(
      'GW_BACKEND_MISSING',
      `got no package ${packageName}, wanted it installed; likely fix: npm install ${packageName}@4.22.0`,
      { cause },
    );
  }
}

function wasmFolder(): string | undefined {
  try {
    return builtin('node:path').dirname(requireFrom(import.meta.url).resolve(packageName));
  } catch {
    return undefined; // bundled into one file: tf.js looks beside it
  }
}
