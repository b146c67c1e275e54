import type { backend_util } from '@tensorflow/tfjs-core';
import { type Backend, backend } from './backend.js';
import { checkAlive, isLost, watchContext } from './limits.js';

type Values = backend_util.TypedArray;
interface Fence {
  isFencePassed(): boolean;
}
interface Readable extends Backend {
  readonly gpgpu: Backend['gpgpu'] & { createFence(gl: WebGL2RenderingContext): Fence };
  read(id: object): Promise<Values>;
  readSync(id: object): Values;
}

/** A page is told of a loss some ms after the first call that fails for it. */
const SOON = 50;

const guarded = new WeakSet<Backend>();

/**
 * Makes the backend in use refuse to read from a lost context, where it waits for ever or reads zeros, whoever reads: a
 * loss, a prediction, weights to be saved. What lies on the host, or was read before, is still given. Errors: `GW_ENGINE_LOST`.
 */
export function guardReads(): void {
  const of = backend() as Readable;
  if (guarded.has(of)) return;
  guarded.add(of);
  watchContext(of);
  const { read, readSync, gpgpu } = of;
  const createFence = gpgpu.createFence;
  gpgpu.createFence = (gl) => {
    const fence = createFence.call(gpgpu, gl);
    return { ...fence, isFencePassed: () => isLost(of) || fence.isFencePassed() };
  };
  /** tf.js keeps what it has read: these would be zeros for ever. */
  const spoiled = new WeakSet<object>();
  const onHost = (id: object) => !spoiled.has(id) && of.texData.get(id)?.values != null;
  const check = (id: object) => {
    spoiled.add(id);
    checkAlive(of);
    spoiled.delete(id);
  };
  of.read = async (id) => {
    if (onHost(id)) return read.call(of, id);
    try {
      return await read.call(of, id);
    } catch (error) {
      await new Promise((done) => setTimeout(done, SOON));
      throw error;
    } finally {
      check(id);
    }
  };
  of.readSync = (id) => {
    if (onHost(id)) return readSync.call(of, id);
    try {
      return readSync.call(of, id);
    } finally {
      check(id);
    }
  };
}
