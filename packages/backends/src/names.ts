import { GatewiseError } from '@gatewise/core';

/** Every backend that `useBackend` knows, besides `auto`. */
export const backendNames = ['cpu', 'node', 'node-gpu', 'webgl', 'wasm', 'webgpu'] as const;

export type ConcreteBackend = (typeof backendNames)[number];

/** What `useBackend` takes: a backend, or `auto` for the best that loads here. */
export type BackendName = ConcreteBackend | 'auto';

/** What `useBackend` gives back. */
export interface BackendInfo {
  /** The backend in use; `auto` has become the one it chose. */
  readonly name: ConcreteBackend;
  /** The name under which tf.js registers it: `tensorflow` for `node` and `node-gpu`. */
  readonly tfName: string;
  /** Version of tfjs-core, `4.22.0`. */
  readonly version: string;
  /** What does the arithmetic: `TensorFlow 2.21.0`, `WebAssembly with SIMD`, a GPU's name. */
  readonly driver: string;
  /** What runs the recurrent op: `native (avx2, 2 threads)`, `wasm (SIMD)`, or `ops`, composed of the backend's own ops. */
  readonly engine: string;
  /** What multiplies and sums outside of it on the cpu backend: the arithmetic of an engine, `native`, or `tfjs`. */
  readonly kernels: string;
}

/** Checks a name from outside (a flag, a config file); throws GW_BACKEND_UNKNOWN. */
export function checkBackendName(name: string): asserts name is BackendName {
  const known: readonly string[] = [...backendNames, 'auto'];
  if (known.includes(name)) return;
  throw new GatewiseError(
    'GW_BACKEND_UNKNOWN',
    `got backend ${JSON.stringify(name)}, wanted one of ${known.join(', ')}; likely fix: correct the spelling`,
  );
}
