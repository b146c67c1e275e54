import { GatewiseError } from '@gatewise/core';
import { installKernels, removeKernels, startReuse } from '@gatewise/kernels';
import * as tf from '@tensorflow/tfjs-core';
import { loadEngine } from './engine.js';
import { describeWebgl, describeWebgpu, loadWebgl, loadWebgpu } from './gpu.js';
import { loadGradients } from './gradients.js';
import {
  type AutoOptions,
  type BackendInfo,
  type BackendName,
  type ConcreteBackend,
  checkBackendName,
} from './names.js';
import { loadNative } from './native.js';
import { describeWasm, loadWasm } from './wasm.js';

/** Settings that a backend needs from outside. */
export interface BackendOptions extends AutoOptions {
  /** wasm in a page: the folder or URL that serves the .wasm files of @tensorflow/tfjs-backend-wasm. */
  readonly wasmPaths?: string;
  /** cpu: `tfjs` keeps tf.js' own kernels for products, sums and losses, where an engine brings faster ones. */
  readonly kernels?: 'tfjs';
}

interface Loader {
  readonly tfName: string;
  /** Brings the backend into tf.js' registry, or throws a coded error that says what is missing. */
  load(options: BackendOptions): unknown;
  /** What does the arithmetic; called once the backend is in use. */
  driver(): string | Promise<string>;
}

const loaders: Record<ConcreteBackend, Loader> = {
  cpu: { tfName: 'cpu', load: quietCpu, driver: () => 'plain JavaScript' },
  node: native('@tensorflow/tfjs-node'),
  'node-gpu': native('@tensorflow/tfjs-node-gpu'),
  webgl: { tfName: 'webgl', load: loadWebgl, driver: describeWebgl },
  wasm: { tfName: 'wasm', load: ({ wasmPaths }) => loadWasm(wasmPaths), driver: describeWasm },
  webgpu: { tfName: 'webgpu', load: () => loadWebgpu(), driver: describeWebgpu },
};

/**
 * Loads a backend with what it needs, makes it the one in use and checks that gradients are registered.
 * `auto` times a training step of `sizes` on every backend that starts here and takes the fastest; what it measured stands
 * in `measured`, and is kept for the next time in the system's cache folder (or GATEWISE_CACHE), in a page in localStorage.
 * Throws GW_BACKEND_UNKNOWN, _MISSING, _NATIVE, _UNAVAILABLE, _CONFLICT, _CUDA, _SIZES or _GRADIENTS.
 * On cpu the kernels that take most of a training step come from an engine too; `{ kernels: 'tfjs' }` keeps tf.js' own.
 * @example const { driver } = await useBackend('node'); // 'TensorFlow 2.21.0'
 * @example await useBackend('auto', { sizes: { B: 32, T: 50, I: 64, H: 128 }, print: true });
 */
export async function useBackend(name: BackendName, options: BackendOptions = {}): Promise<BackendInfo> {
  checkBackendName(name);
  await loadGradients();
  if (name !== 'auto') return use(name, options);
  const { chooseBackend } = await import('./auto.js');
  return chooseBackend((candidate, signal) => use(candidate, options, signal), options);
}

async function use(
  name: ConcreteBackend,
  options: BackendOptions,
  signal?: AbortSignal,
): Promise<BackendInfo> {
  const { tfName, load, driver } = loaders[name];
  await load(options);
  signal?.throwIfAborted();
  await start(name, tfName);
  signal?.throwIfAborted();
  const engine = await loadEngine(name);
  if (name === 'node') startReuse();
  const kernels = name === 'cpu' ? chooseKernels(options.kernels) : 'tfjs';
  return { name, tfName, version: tf.version_core, driver: await driver(), engine, kernels };
}

/** tf.js answers a backend that cannot start with `false`, and has said why on the console. */
async function start(name: ConcreteBackend, tfName: string): Promise<void> {
  let cause: unknown;
  const started = await tf.setBackend(tfName).catch((error: unknown) => {
    cause = error;
    return false;
  });
  if (!started) {
    const hint =
      name === 'wasm'
        ? 'serve its .wasm files and pass { wasmPaths } to useBackend'
        : 'use another backend here';
    throw new GatewiseError(
      'GW_BACKEND_UNAVAILABLE',
      `got a ${name} backend that does not start on this machine, wanted a working one; likely fix: ${hint}`,
      { cause },
    );
  }
  await tf.ready();
}

/** What multiplies and sums on the cpu backend: an engine's arithmetic where there is one, unless tf.js' own are asked for. */
function chooseKernels(wanted: BackendOptions['kernels']): string {
  if (wanted === 'tfjs') removeKernels();
  return wanted ?? installKernels() ?? 'tfjs';
}

/** Choosing the cpu backend by name is answer enough: its advertisement for tfjs-node stays out of the console. */
function quietCpu(): void {
  const backend = tf.findBackend('cpu') as unknown as { firstUse?: boolean };
  backend.firstUse = false;
}

function native(name: Parameters<typeof loadNative>[0]): Loader {
  let driver = '';
  return {
    tfName: 'tensorflow',
    load: () => {
      driver = loadNative(name);
    },
    driver: () => driver,
  };
}
