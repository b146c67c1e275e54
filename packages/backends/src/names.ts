import { GatewiseError } from '@gatewise/core';

/** Every backend that `useBackend` knows, besides `auto`. */
export const backendNames = ['cpu', 'node', 'node-gpu', 'webgl', 'wasm', 'webgpu'] as const;

export type ConcreteBackend = (typeof backendNames)[number];

/** What `useBackend` takes: a backend, or `auto` for the one that is fastest here. */
export type BackendName = ConcreteBackend | 'auto';

/** What a training step is timed at: batch, time steps, inputs a step, units. */
export interface Sizes {
  readonly B: number;
  readonly T: number;
  readonly I: number;
  readonly H: number;
}

/** What `auto` is told. */
export interface AutoOptions {
  /** What a training step is timed at; `defaultSizes` where absent. */
  readonly sizes?: Sizes;
  /** Prints the table, or hands it to a function. */
  readonly print?: boolean | ((table: string) => void);
  /** Measures, whatever was measured before. */
  readonly again?: boolean;
}

/** A character model of some size. */
export const defaultSizes: Sizes = { B: 32, T: 50, I: 64, H: 128 };

/** One candidate of `auto`. */
export interface MeasuredBackend {
  readonly backend: ConcreteBackend;
  /** As in `BackendInfo`; null where the backend does not start. */
  readonly engine: string | null;
  /** Milliseconds of a training step, by a part of it where `why` says so; null where it does not run. */
  readonly ms: number | null;
  /** A part of the step alone took these `ms`, clearly longer than the whole on the best. */
  readonly beaten: boolean;
  /** Why it was not timed to the end, or not at all. */
  readonly why: string | null;
}

/** How `auto` came to its choice. */
export interface Measured {
  readonly sizes: Sizes;
  /** The choice first, then from fast to slow; what does not run comes last. */
  readonly table: readonly MeasuredBackend[];
  /** True where it was measured before, on this machine at these sizes. */
  readonly remembered: boolean;
}

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
  /** After `auto` alone. */
  readonly measured?: Measured;
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
