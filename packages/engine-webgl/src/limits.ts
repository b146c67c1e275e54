import { GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { type Backend, backend } from './backend.js';

/** What the device can do, or less, where a test asks for less. */
export interface Limits {
  /** Textures that one draw writes: 4 everywhere, 8 on most. */
  readonly targets: number;
  /** Textures that one draw reads: 16 everywhere. */
  readonly samplers: number;
  /** The longest side of a texture. */
  readonly side: number;
  /** Rows of four batch rows that one texture takes: longer sequences are cut. */
  readonly rows: number;
  /** Textures hold float32; else 16 bits, and only inference runs. */
  readonly float32: boolean;
}

/** The limits of the device in use; `less` lowers some. Null without WebGL 2. */
export function limits(less: Partial<Limits> = {}): Limits | null {
  if (tf.env().getNumber('WEBGL_VERSION') !== 2) return null;
  const { gl } = backend().gpgpu;
  const most = (name: number, given = Number.POSITIVE_INFINITY) => Math.min(gl.getParameter(name), given);
  const side = most(gl.MAX_TEXTURE_SIZE, tf.env().getNumber('WEBGL_MAX_TEXTURE_SIZE'));
  return {
    targets: Math.min(most(gl.MAX_DRAW_BUFFERS, less.targets), most(gl.MAX_COLOR_ATTACHMENTS)),
    samplers: most(gl.MAX_TEXTURE_IMAGE_UNITS, less.samplers),
    side,
    rows: Math.min(side, less.rows ?? side),
    float32: (less.float32 ?? true) && tf.env().getBool('WEBGL_RENDER_FLOAT32_ENABLED'),
  };
}

/** Keeps a lost context lost: a browser restores it, with none of its textures, and they would read as zeros. */
export function watchContext({ gpgpu: { gl } }: Backend): void {
  gl.canvas.addEventListener('webglcontextrestored', () =>
    gl.getExtension('WEBGL_lose_context')?.loseContext(),
  );
}

export const isLost = (of: Backend = backend()): boolean => of.gpgpu.gl.isContextLost();

/** A lost context draws nothing and reads as zeros: that must not look like a result. Errors: `GW_ENGINE_LOST`. */
export function checkAlive(of?: Backend): void {
  if (!isLost(of)) return;
  throw new GatewiseError(
    'GW_ENGINE_LOST',
    "got a lost WebGL context (the driver was reset, or the page used too much of it), wanted a live one; likely fix: useBackend('webgl') again, which starts another, and go on from a checkpoint",
  );
}
