import { type Heap, OwnHeap } from '../heap.js';

const GUARD = 64;
/** As floats: not a number. */
const FILL = 0xff;

/**
 * Every block is exactly as long as it was asked for, full of NaN, between guards of NaN: what is read before it is
 * written or beyond a block's end shows in the results, what is written there shows in the guards.
 */
export class GuardedHeap implements Heap {
  readonly inner = new OwnHeap();
  readonly #blocks = new Map<number, number>();

  get buffer(): ArrayBuffer {
    return this.inner.buffer;
  }
  take(bytes: number): number {
    const at = this.inner.take(bytes + 2 * GUARD) + GUARD;
    new Uint8Array(this.buffer, at - GUARD, bytes + 2 * GUARD).fill(FILL);
    this.#blocks.set(at, bytes);
    return at;
  }
  give(at: number): void {
    if (!this.#blocks.has(at)) return;
    this.check(at);
    this.#blocks.delete(at);
    this.inner.give(at - GUARD);
  }
  check(at: number): void {
    const bytes = this.#blocks.get(at)!;
    for (const guard of [at - GUARD, at + bytes]) {
      const changed = new Uint8Array(this.buffer, guard, GUARD).findIndex((v) => v !== FILL);
      if (changed >= 0) throw new Error(`a write ${guard + changed - at} bytes into a block of ${bytes}`);
    }
  }
}

/** The n-th block taken ends where the memory ends: one byte read beyond it traps. */
export class EdgeHeap implements Heap {
  readonly inner = new OwnHeap();
  /** Blocks taken so far. */
  taken = 0;
  readonly #nth: number;
  #edge = -1;

  constructor(nth: number) {
    this.#nth = nth;
    // room for all the others, so that the memory does not grow behind the edge
    this.inner.give(this.inner.take(2 ** 23));
  }
  get buffer(): ArrayBuffer {
    return this.inner.buffer;
  }
  take(bytes: number): number {
    if (this.taken++ !== this.#nth) return this.inner.take(bytes);
    this.inner.memory.grow(Math.ceil((bytes + 1) / 2 ** 16));
    this.#edge = this.buffer.byteLength - bytes;
    return this.#edge;
  }
  give(at: number): void {
    if (at !== this.#edge) this.inner.give(at);
  }
}
