import { registerEngine } from '@gatewise/recurrence';
import { guardReads } from './device.js';
import { webgpuEngine } from './engine.js';

export { deviceIsLost, type Limits } from './device.js';
export { webgpuEngine } from './engine.js';

/**
 * Registers the engine for tf.js' backend `webgpu`, which must be in use, in pages and in Node. `useBackend` of @gatewise/backends calls this.
 *
 * @example loadWebgpuEngine();
 */
export function loadWebgpuEngine(): void {
  guardReads();
  registerEngine(webgpuEngine());
}
