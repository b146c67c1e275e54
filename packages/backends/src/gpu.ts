import { GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { isNode, requireFrom } from './environment.js';

/** Refuses webgl where there is no canvas. tf.js' union package brings the backend itself. */
export function checkWebgl(): void {
  if (!isNode()) return;
  throw new GatewiseError(
    'GW_BACKEND_UNAVAILABLE',
    'got Node, wanted a browser page or worker, where webgl lives; likely fix: use node, wasm or cpu here',
  );
}

/** The driver's own words, `ANGLE (…)`, where the browser tells them. */
export function describeWebgl(): string {
  const backend = tf.findBackend('webgl') as unknown as { gpgpu?: { gl?: WebGL2RenderingContext } };
  const gl = backend.gpgpu?.gl;
  if (gl === undefined) return 'WebGL';
  const extension = gl.getExtension('WEBGL_debug_renderer_info');
  return String(gl.getParameter(extension?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER));
}

/** Loads the webgpu backend; in Node it needs `navigator.gpu` from the package `webgpu` first. */
export async function loadWebgpu(from: string = import.meta.url): Promise<void> {
  if (isNode()) installDawn(from);
  if (!hasGpu()) {
    throw new GatewiseError(
      'GW_BACKEND_UNAVAILABLE',
      'got no navigator.gpu, wanted WebGPU; likely fix: a browser that has it (over https or on localhost), or use webgl here',
    );
  }
  try {
    await import('@tensorflow/tfjs-backend-webgpu');
  } catch (cause) {
    throw new GatewiseError(
      'GW_BACKEND_MISSING',
      'got no package @tensorflow/tfjs-backend-webgpu, wanted it installed; likely fix: npm install @tensorflow/tfjs-backend-webgpu@4.22.0',
      { cause },
    );
  }
}

/** The adapter's own words, where it tells them. */
export function describeWebgpu(): string {
  const backend = tf.findBackend('webgpu') as unknown as { adapterInfo?: Record<string, unknown> };
  const { vendor, architecture, description } = backend.adapterInfo ?? {};
  const words = [vendor, architecture, description].filter((word) => typeof word === 'string' && word !== '');
  return words.length > 0 ? `WebGPU on ${words.join(' ')}` : 'WebGPU';
}

interface Dawn {
  create(options: string[]): object;
  readonly globals: Record<string, unknown>;
}

function installDawn(from: string): void {
  if (hasGpu()) return;
  let dawn: Dawn;
  try {
    dawn = requireFrom(from)('webgpu') as Dawn;
  } catch (cause) {
    throw new GatewiseError(
      'GW_BACKEND_UNAVAILABLE',
      'got Node without the package webgpu, wanted it to bring WebGPU; likely fix: npm install webgpu @tensorflow/tfjs-backend-webgpu@4.22.0, or use node, wasm or cpu here',
      { cause },
    );
  }
  Object.assign(globalThis, dawn.globals);
  // Node 20 has no navigator, later ones a read-only one: its object takes a new property in both cases.
  const navigator: object = globalThis.navigator ?? {};
  Object.defineProperty(navigator, 'gpu', { value: dawn.create([]), configurable: true });
  Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true });
}

function hasGpu(): boolean {
  return (globalThis.navigator as { gpu?: unknown } | undefined)?.gpu !== undefined;
}
