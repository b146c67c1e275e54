import { GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { builtin, isNode, requireFrom } from './environment.js';
import { startAnew } from './start-anew.js';

/**
 * Refuses webgl where there is no canvas, or no GPU that it may use; one that has lost its context makes room for another.
 * tf.js' union package brings the backend itself.
 */
export async function loadWebgl(): Promise<void> {
  if (isNode() || tf.env().getNumber('WEBGL_VERSION') === 0) throw noWebgl();
  const { contextIsLost } = await import('@gatewise/engine-webgl');
  if (contextIsLost()) startAnew('webgl');
}

const noWebgl = () =>
  new GatewiseError(
    'GW_BACKEND_UNAVAILABLE',
    isNode()
      ? 'got Node, wanted a browser page or worker, where webgl lives; likely fix: use node, wasm or cpu here'
      : 'got a page without WebGL, wanted a GPU that the browser lets pages use; likely fix: turn hardware acceleration on, or use wasm here',
  );

/** The driver's own words, `ANGLE (…)`, where the browser tells them. */
export function describeWebgl(): string {
  const backend = tf.findBackend('webgl') as unknown as { gpgpu?: { gl?: WebGL2RenderingContext } };
  const gl = backend.gpgpu?.gl;
  return gl === undefined ? 'WebGL' : rendererOf(gl);
}

function rendererOf(gl: WebGL2RenderingContext): string {
  const extension = gl.getExtension('WEBGL_debug_renderer_info');
  return String(gl.getParameter(extension?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER));
}

/** What a page has for graphics, without a backend: by a context of its own, which is let go at once, and the adapter. */
export async function graphicsOfPage(): Promise<{ webgl: string | null; webgpu: string | null }> {
  const gl = typeof OffscreenCanvas === 'undefined' ? null : new OffscreenCanvas(1, 1).getContext('webgl2');
  const webgl = gl && rendererOf(gl);
  gl?.getExtension('WEBGL_lose_context')?.loseContext();
  const adapter = await currentGpu()
    ?.requestAdapter()
    .catch(() => null);
  return { webgl, webgpu: adapter ? sayAdapter(words(adapter.info)) : null };
}

/**
 * Loads the webgpu backend; in Node it needs `navigator.gpu` from the package `webgpu` first. One that has lost its device
 * makes room for another.
 */
export async function loadWebgpu(from: string = import.meta.url): Promise<void> {
  if (isNode()) await installDawn(from);
  else await checkAdapter();
  try {
    await import('@tensorflow/tfjs-backend-webgpu');
  } catch (cause) {
    throw new GatewiseError(
      'GW_BACKEND_MISSING',
      'got no package @tensorflow/tfjs-backend-webgpu, wanted it installed; likely fix: npm install @tensorflow/tfjs-backend-webgpu@4.22.0',
      { cause },
    );
  }
  const { deviceIsLost } = await import('@gatewise/engine-webgpu');
  if (deviceIsLost()) startAnew('webgpu');
}

async function checkAdapter(): Promise<void> {
  const gpu = currentGpu();
  if (gpu === undefined) {
    throw new GatewiseError(
      'GW_BACKEND_UNAVAILABLE',
      'got no navigator.gpu, wanted WebGPU; likely fix: a browser that has it (over https or on localhost), or use webgl here',
    );
  }
  if (await gpu.requestAdapter()) return;
  throw new GatewiseError(
    'GW_BACKEND_UNAVAILABLE',
    'got WebGPU without an adapter, wanted a GPU that the browser lets pages use; likely fix: turn hardware acceleration on, or use webgl here',
  );
}

/** The adapter's own words, where it tells them; a driver that runs on the CPU is called that. */
export function describeWebgpu(): string {
  const { device, adapterInfo } = tf.findBackend('webgpu') as unknown as {
    device?: { adapterInfo?: AdapterInfo };
    adapterInfo?: AdapterInfo;
  };
  const said = sayAdapter({ ...adapterInfo, ...words(device?.adapterInfo) });
  const software = /swiftshader|llvmpipe|lavapipe/i.test(said) ? ', on the CPU' : '';
  return said === '' ? 'WebGPU' : `WebGPU on ${said}${software}`;
}

const sayAdapter = ({ vendor, architecture, description }: AdapterInfo): string =>
  [vendor, architecture, description].filter((word) => word !== undefined && word !== '').join(' ');

interface AdapterInfo {
  readonly vendor?: string;
  readonly architecture?: string;
  readonly description?: string;
}
/** Out of the browser's own object, whose properties are getters. */
const words = (info: AdapterInfo | undefined): AdapterInfo =>
  info === undefined
    ? {}
    : {
        vendor: info.vendor ?? '',
        architecture: info.architecture ?? '',
        description: info.description ?? '',
      };

interface Gpu {
  requestAdapter(): Promise<{ readonly info?: AdapterInfo } | null>;
}
interface Dawn {
  create(options: string[]): Gpu;
  readonly globals: Record<string, unknown>;
}

/** Where Chromium's packages keep SwiftShader, a Vulkan driver that runs on the CPU. */
const softwareDrivers = ['chromium', 'chromium-browser'].map(
  (name) => `/usr/lib/${name}/vk_swiftshader_icd.json`,
);

/** `navigator.gpu` by Dawn: on the machine's own GPU, else on SwiftShader, which `describeWebgpu` then names. */
async function installDawn(from: string): Promise<void> {
  if (currentGpu() !== undefined) return;
  const dawn = await loadDawn(from);
  Object.assign(globalThis, dawn.globals);
  let gpu = dawn.create([]);
  if (!(await gpu.requestAdapter())) {
    const file = process.env.VK_ICD_FILENAMES
      ? undefined
      : softwareDrivers.find(builtin('node:fs').existsSync);
    if (file === undefined) throw noAdapter();
    process.env.VK_ICD_FILENAMES = file; // read by the Vulkan loader when an instance is made
    gpu = dawn.create([]);
    const adapter = await gpu.requestAdapter();
    delete process.env.VK_ICD_FILENAMES; // not for the processes that this one starts
    if (!adapter) throw noAdapter(file);
  }
  // Node 20 has no navigator, later ones a read-only one: its object takes a new property in both cases.
  const navigator: object = globalThis.navigator ?? {};
  Object.defineProperty(navigator, 'gpu', { value: gpu, configurable: true });
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
}

async function loadDawn(from: string): Promise<Dawn> {
  try {
    const url = builtin('node:url').pathToFileURL(requireFrom(from).resolve('webgpu')).href;
    return (await import(/* @vite-ignore */ url)) as Dawn;
  } catch (cause) {
    const missing = (cause as { code?: string }).code === 'MODULE_NOT_FOUND';
    throw new GatewiseError(
      'GW_BACKEND_UNAVAILABLE',
      missing
        ? 'got Node without the package webgpu, wanted it to bring WebGPU; likely fix: npm install webgpu @tensorflow/tfjs-backend-webgpu@4.22.0, or use node, wasm or cpu here'
        : `got a package webgpu that does not load (${String(cause)}), wanted its addon for this system; likely fix: npm install webgpu, or use node, wasm or cpu here`,
      { cause },
    );
  }
}

function noAdapter(tried: string | undefined = process.env.VK_ICD_FILENAMES): GatewiseError {
  const got = tried ? ` (VK_ICD_FILENAMES=${tried})` : '';
  return new GatewiseError(
    'GW_BACKEND_UNAVAILABLE',
    `got no WebGPU adapter${got}, wanted a GPU with a Vulkan, Metal or D3D12 driver; likely fix: on Linux the loader libvulkan.so.1 (Debian: apt install libvulkan1) and the GPU's driver, or without a GPU Debian's package chromium, whose SwiftShader is used then; or use node, wasm or cpu here`,
  );
}

function currentGpu(): Gpu | undefined {
  return (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu;
}
