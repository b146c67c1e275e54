import { GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { checkCuda } from './cuda.js';
import { builtin, isNode, requireFrom } from './environment.js';

export type NativePackage = '@tensorflow/tfjs-node' | '@tensorflow/tfjs-node-gpu';

interface NativeBackend {
  readonly binding?: { readonly TF_Version?: string };
  readonly isUsingGpuDevice?: boolean;
}

let loaded: NativePackage | undefined;

/** Loads a native package once; gives the driver's description. Throws GW_BACKEND_MISSING, _NATIVE, _CONFLICT, _CUDA. */
export function loadNative(name: NativePackage, from: string = import.meta.url): string {
  requireNode(name);
  if (loaded !== undefined && loaded !== name) {
    throw new GatewiseError(
      'GW_BACKEND_CONFLICT',
      `got ${name} after ${loaded}, wanted one native TensorFlow in a process; likely fix: use the other in a process of its own`,
    );
  }
  const addon = findAddon(name, from);
  const cuda = name === '@tensorflow/tfjs-node-gpu' ? checkCuda().error : null;
  if (addon.missing !== undefined) throw cuda ? both(addon.missing, cuda) : addon.missing;
  if (cuda) throw cuda; // TensorFlow would say so on the console, and run on the processor
  const before = tf.getBackend();
  if (loaded === undefined) {
    restoreUtil();
    // Hides TensorFlow's notes about the processor; its warnings and errors stay.
    process.env.TF_CPP_MIN_LOG_LEVEL ??= '1';
    requireAddon(name, from);
    loaded = name;
  }
  const backend = tf.findBackend('tensorflow') as unknown as NativeBackend;
  if (name === '@tensorflow/tfjs-node-gpu' && backend?.isUsingGpuDevice !== true) throw noDevice(before);
  return `TensorFlow ${backend.binding?.TF_Version ?? 'of unknown version'}${backend.isUsingGpuDevice ? ' on CUDA' : ''}`;
}

/** True when `node` can load here: the package and its addon are both there. Nothing is loaded. */
export function hasNativeAddon(name: NativePackage = '@tensorflow/tfjs-node'): boolean {
  return isNode() && findAddon(name, import.meta.url).missing === undefined;
}

/** The addon's path, or the error that says what is missing. */
export function findAddon(name: NativePackage, from: string): { path?: string; missing?: GatewiseError } {
  const { dirname, join } = builtin('node:path');
  const fs = builtin('node:fs');
  let folder: string;
  try {
    folder = dirname(requireFrom(from).resolve(`${name}/package.json`));
  } catch (cause) {
    return { missing: notInstalled(name, cause) };
  }
  // node-pre-gyp puts it into lib/napi-v<N>, N the Node-API version that it was built for.
  const lib = join(folder, 'lib');
  const builds = fs.existsSync(lib) ? fs.readdirSync(lib).filter((entry) => entry.startsWith('napi-v')) : [];
  const path = builds
    .map((entry) => join(lib, entry, 'tfjs_binding.node'))
    .find((file) => fs.existsSync(file));
  if (path !== undefined) return { path };
  return {
    missing: new GatewiseError(
      'GW_BACKEND_NATIVE',
      `got ${name} without its addon, wanted ${join(lib, 'napi-v8', 'tfjs_binding.node')}; likely fix: ${fixFor(name)}`,
    ),
  };
}

/** tfjs-node 4.22 calls two functions of `util` that Node 22 warns about and Node 23 dropped. */
function restoreUtil(): void {
  const util = builtin('node:util');
  util.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  util.isArray = Array.isArray;
}

function requireAddon(name: NativePackage, from: string): void {
  try {
    requireFrom(from)(name);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new GatewiseError(
      'GW_BACKEND_NATIVE',
      `got an addon of ${name} that does not load (${reason}), wanted one built for this machine; likely fix: ${fixFor(name)}`,
      { cause },
    );
  }
}

function requireNode(name: NativePackage): void {
  if (isNode()) return;
  throw new GatewiseError(
    'GW_BACKEND_UNAVAILABLE',
    `got ${name} in a browser page, wanted Node; likely fix: use webgl, wasm or webgpu here`,
  );
}

function notInstalled(name: NativePackage, cause: unknown): GatewiseError {
  return new GatewiseError(
    'GW_BACKEND_MISSING',
    `got no package ${name}, wanted it installed; likely fix: npm install ${name}@4.22.0`,
    { cause },
  );
}

/** What is missing besides, so that nobody installs half of it. */
function both({ code, message, cause }: GatewiseError, cuda: GatewiseError): GatewiseError {
  const text = message.slice(code.length + 2);
  return new GatewiseError(code, `${text}. Besides, ${cuda.message}`, { cause });
}

/** The package has put its backend into use, which would run on the processor: it goes, the one before comes back. */
function noDevice(before: string): GatewiseError {
  if (tf.findBackendFactory('tensorflow')) tf.removeBackend('tensorflow');
  if (before !== '' && before !== 'tensorflow') void tf.setBackend(before);
  return new GatewiseError(
    'GW_BACKEND_UNAVAILABLE',
    'got a TensorFlow that sees no CUDA device beside all its libraries, wanted one; likely fix: look at what nvidia-smi and TensorFlow say of it, or use the backend webgpu or node',
  );
}

function fixFor(name: NativePackage): string {
  return name === '@tensorflow/tfjs-node'
    ? 'npm run setup:tensorflow (in a project of your own: npm rebuild @tensorflow/tfjs-node --build-addon-from-source)'
    : `npm rebuild ${name} --build-addon-from-source`;
}
