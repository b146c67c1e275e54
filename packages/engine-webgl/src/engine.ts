import { GatewiseError } from '@gatewise/core';
import type { Engine, RecurRequest } from '@gatewise/recurrence';
import { backward } from './backward.js';
import { cutBackward, cutForward } from './cut.js';
import { factsOf } from './facts.js';
import { forward } from './forward.js';
import { checkAlive, isLost, type Limits, limits } from './limits.js';
import { mostTextures, passesOf } from './passes.js';

export interface WebglOptions {
  /** `webgl` when absent. */
  readonly name?: string;
  /** 20 when absent. */
  readonly priority?: number;
  /** Less than the device has: every path can be forced on any device. */
  readonly limits?: Partial<Limits>;
}

/** The engine for tf.js' webgl backend. */
export function webglEngine({ name = 'webgl', priority = 20, limits: less = {} }: WebglOptions = {}): Engine {
  return {
    name,
    backends: ['webgl'],
    priority,
    // where the context is lost, forward says so: another engine would give zeros
    supports: (request) => isLost() || supports(request, limits(less)),
    forward(request, tensors) {
      checkAlive();
      const device = limits(less)!;
      checkPrecision(request, device);
      const outputs = cutForward(request, tensors, device, forward);
      checkAlive();
      return outputs;
    },
    backward(request, tensors, outputs, cotangents) {
      checkAlive();
      const gradients = cutBackward(request, tensors, outputs, cotangents, limits(less)!, backward);
      checkAlive();
      return gradients;
    },
  };
}

function supports(request: RecurRequest, device: Limits | null): true | string {
  if (!device) return 'WebGL 2 is wanted, and tf.js has WebGL 1 here';
  const { program: p, H, I, ids } = request;
  const { side, samplers } = device;
  const tallest = Math.max(
    p.recurrent.length * Math.ceil(H / 4),
    p.input.length * Math.ceil((ids ? H : I) / 4),
  );
  const longest = Math.max(H, ids ? 0 : I, tallest);
  if (longest > side) return `its weights need a texture of ${longest}, the device has ${side}`;
  const textures = mostTextures(passesOf(factsOf(request), device));
  return textures <= samplers || `a draw would read ${textures} textures, the device has ${samplers}`;
}

/** Sums of many small steps lose their digits in 16 bits: no gradient is better than such a one. */
function checkPrecision({ record, program }: RecurRequest, { float32 }: Limits): void {
  if (float32 || !record) return;
  throw new GatewiseError(
    'GW_ENGINE_FLOAT32',
    `cell "${program.cell}": got a device whose textures hold 16 bits, wanted float32 to train; likely fix: train with useBackend('wasm'), or use webgl for inference alone`,
  );
}
