import { type BackendInfo, useBackend } from '@gatewise/backends';
import * as tf from '@tensorflow/tfjs-core';

export type PageBackend = 'cpu' | 'wasm' | 'webgl' | 'webgpu';

/** The backend as a page uses it: the .wasm files come from its own server. */
export const backend = (name: PageBackend): Promise<BackendInfo> => useBackend(name, { wasmPaths: '/wasm/' });

/** The memory of the wasm backend, which must be the one in use. */
export function wasmMemory(): ArrayBuffer | SharedArrayBuffer {
  const { wasm } = tf.backend() as unknown as { wasm: { HEAPU8: Uint8Array } };
  return wasm.HEAPU8.buffer;
}
