import { GatewiseError } from '@gatewise/core';

/** Memory that a module works in. Addresses stay; views do not: take them after the last `take`. */
export interface Heap {
  /** Address of at least so many bytes, a multiple of 64. Errors: `GW_ENGINE_MEMORY`. */
  take(bytes: number): number;
  give(address: number): void;
  readonly buffer: ArrayBufferLike;
}

const PAGE = 65536;
/** Bytes that 32-bit addresses reach. */
export const MOST = 65536 * PAGE;
const LINE = 64;

export function noMemory(bytes: number, cause?: unknown): GatewiseError {
  const megabytes = Math.ceil(bytes / 2 ** 20);
  return new GatewiseError(
    'GW_ENGINE_MEMORY',
    `got no memory for a sequence of ${megabytes} MB, wanted it within 4 GB; likely fix: a smaller batch or fewer steps`,
    { cause },
  );
}

/** Memory of the engine's own: blocks by address, the first that fits; it grows, and is used again and again. */
export class OwnHeap implements Heap {
  readonly memory = new WebAssembly.Memory({ initial: 1, maximum: MOST / PAGE });
  /** Free blocks by address: no two touch. The first line stays out: an address of 0 means absent. */
  readonly #free: { at: number; bytes: number }[] = [{ at: LINE, bytes: PAGE - LINE }];
  readonly #taken = new Map<number, number>();

  get buffer(): ArrayBuffer {
    return this.memory.buffer as ArrayBuffer;
  }
  /** Bytes that are in use. */
  get used(): number {
    return [...this.#taken.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  take(wanted: number): number {
    const bytes = Math.max(LINE, Math.ceil(wanted / LINE) * LINE);
    let k = this.#free.findIndex((block) => block.bytes >= bytes);
    if (k < 0) {
      this.#grow(bytes);
      k = this.#free.length - 1;
    }
    const block = this.#free[k]!;
    const { at } = block;
    if (block.bytes === bytes) this.#free.splice(k, 1);
    else Object.assign(block, { at: at + bytes, bytes: block.bytes - bytes });
    this.#taken.set(at, bytes);
    return at;
  }

  /** A piece for the life of the memory; it does not count as used. */
  keep(bytes: number): number {
    const at = this.take(bytes);
    this.#taken.delete(at);
    return at;
  }

  give(at: number): void {
    const bytes = this.#taken.get(at);
    if (bytes === undefined) return;
    this.#taken.delete(at);
    let k = this.#free.findIndex((block) => block.at > at);
    if (k < 0) k = this.#free.length;
    const [before, after] = [this.#free[k - 1], this.#free[k]];
    const block = { at, bytes };
    if (after && at + bytes === after.at) {
      block.bytes += after.bytes;
      this.#free.splice(k, 1);
    }
    if (before && before.at + before.bytes === at) before.bytes += block.bytes;
    else this.#free.splice(k, 0, block);
  }

  /** Makes the last free block at least so large; a good part more, so that growing is rare. */
  #grow(bytes: number): void {
    const size = this.memory.buffer.byteLength;
    const last = this.#free.at(-1);
    const atEnd = last !== undefined && last.at + last.bytes === size ? last.bytes : 0;
    const needed = Math.ceil((bytes - atEnd) / PAGE);
    const spare = Math.ceil(size / PAGE / 4);
    if (size + needed * PAGE > MOST) throw noMemory(bytes);
    for (const pages of [Math.min(needed + spare, (MOST - size) / PAGE), needed]) {
      try {
        this.memory.grow(pages);
      } catch (cause) {
        if (pages === needed) throw noMemory(bytes, cause);
        continue;
      }
      if (atEnd > 0) last!.bytes += pages * PAGE;
      else this.#free.push({ at: size, bytes: pages * PAGE });
      return;
    }
  }
}

/** tf.js' own memory, through its allocator. */
export class TfHeap implements Heap {
  readonly #memory: WebAssembly.Memory;
  readonly #tf: TfAllocator;
  /** Our address by its: tf.js' are multiples of 8. */
  readonly #taken = new Map<number, number>();

  constructor(memory: WebAssembly.Memory, allocator: TfAllocator) {
    this.#memory = memory;
    this.#tf = allocator;
  }
  get buffer(): ArrayBufferLike {
    return this.#memory.buffer;
  }
  take(bytes: number): number {
    const real = bytes + LINE < MOST ? this.#tf._malloc(bytes + LINE) >>> 0 : 0;
    if (real === 0) throw noMemory(bytes);
    const at = Math.ceil(real / LINE) * LINE;
    this.#taken.set(at, real);
    return at;
  }
  give(at: number): void {
    const real = this.#taken.get(at);
    if (real === undefined) return;
    this.#taken.delete(at);
    this.#tf._free(real);
  }
}

export interface TfAllocator {
  _malloc(bytes: number): number;
  _free(address: number): void;
}
