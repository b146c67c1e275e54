import * as tf from '@tensorflow/tfjs-core';
import { type Heap, MOST, noMemory, OwnHeap, type TfAllocator, TfHeap } from './heap.js';
import type { Compiled, Exports } from './load.js';

/** Where a backend's sequences run: a module in some memory, and how tensors come into it. */
export interface Home {
  readonly exports: Exports;
  readonly heap: Heap;
  /** A tensor's address in that memory, or null where its values must be copied in. */
  address(tensor: tf.Tensor): number | null;
  /** A tensor in that memory, not filled yet, or null where values are copied out into one. */
  place: ((shape: number[]) => { readonly tensor: tf.Tensor; readonly at: number }) | null;
}

export type OwnHome = Home & { readonly heap: OwnHeap };

/** Memory of the engine's own: for backends whose tensors lie elsewhere. */
export function ownHome(compiled: Compiled): OwnHome {
  const heap = new OwnHeap();
  return {
    exports: compiled.instantiate(heap.memory, (bytes) => heap.keep(bytes)),
    heap,
    address: () => null,
    place: null,
  };
}

/** What is used of tf.js' wasm backend; some of it is not in its types. */
interface TfBackend {
  readonly wasm?: Partial<TfAllocator> & {
    readonly wasmMemory?: unknown;
    readonly asm?: { readonly memory?: unknown };
  };
  getMemoryOffset?(dataId: object): number;
  makeOutput?(shape: number[], dtype: 'float32'): tf.TensorInfo;
}

/** Inside the memory of tf.js' wasm backend: nothing is copied. Null where it does not let us in. */
export function tfHome(compiled: Compiled, backend: unknown): Home | null {
  const { wasm, getMemoryOffset, makeOutput } = backend as TfBackend;
  const memory = wasm?.wasmMemory ?? wasm?.asm?.memory;
  const whole = wasm?._malloc && wasm._free && getMemoryOffset && makeOutput;
  if (!whole || !(memory instanceof WebAssembly.Memory)) return null;
  const heap = new TfHeap(memory, wasm as TfAllocator);
  const offset = (info: tf.TensorInfo) => getMemoryOffset.call(backend, info.dataId) >>> 0;
  try {
    return {
      exports: compiled.instantiate(memory, (bytes) => heap.take(bytes)),
      heap,
      address: offset,
      place: (shape) => {
        const bytes = tf.util.sizeFromShape(shape) * Float32Array.BYTES_PER_ELEMENT;
        // its allocator takes 32 bits, and answers 0 where there is no memory: tf.js looks at neither
        if (bytes >= MOST) throw noMemory(bytes);
        const info = makeOutput.call(backend, shape, 'float32');
        const tensor = tf.engine().makeTensorFromTensorInfo(info);
        const at = offset(info);
        if (at === 0 && bytes > 0) {
          tensor.dispose();
          throw noMemory(bytes);
        }
        return { tensor, at };
      },
    };
  } catch {
    return null; // another kind of memory than both of our modules take: values are copied
  }
}
