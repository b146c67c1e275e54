import { registerEngine } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import type { Backend } from './backend.js';
import { webglEngine } from './engine.js';
import { guardReads } from './guard-reads.js';
import { isLost, limits } from './limits.js';

export { type WebglOptions, webglEngine } from './engine.js';
export type { Limits } from './limits.js';

/** What `loadWebglEngine` found. */
export interface WebglInfo {
  /** Textures that one draw writes. */
  readonly targets: number;
  /** Bits of a number in a texture: with 16 there is inference, less exact, and no training (`GW_ENGINE_FLOAT32`). */
  readonly bits: 16 | 32;
}

let registered = false;
let said = false;

/**
 * Registers the engine for tf.js' webgl backend, which must be in use; null where the device has no WebGL 2, and the
 * engine `ops` serves. From then on the backend refuses to read from a lost context. `useBackend` of @gatewise/backends calls this.
 *
 * @example
 * loadWebglEngine(); // { targets: 8, bits: 32 }
 */
export function loadWebglEngine(): WebglInfo | null {
  guardReads();
  const device = limits();
  if (!device) return null;
  if (!registered) registerEngine(webglEngine());
  registered = true;
  if (!device.float32 && !said) {
    console.warn(
      'gatewise: textures hold 16 bits here: webgl runs models, less exactly, and does not train them',
    );
    said = true;
  }
  return { targets: device.targets, bits: device.float32 ? 32 : 16 };
}

/** True where tf.js' webgl backend has started, and lost its context since. */
export function contextIsLost(): boolean {
  const started = tf.engine().registry.webgl as unknown as Backend | undefined;
  return started !== undefined && isLost(started);
}
