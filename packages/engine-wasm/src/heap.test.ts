import { random } from '@gatewise/core';
import { expect, it } from 'vitest';
import { OwnHeap, TfHeap } from './heap.js';

it('gives blocks that do not overlap, on cache lines, and takes all of them back', () => {
  const r = random(1);
  const heap = new OwnHeap();
  const live = new Map<number, number>();
  for (let turn = 0; turn < 3000; turn++) {
    if (r.int(5) < 3 || live.size === 0) {
      const bytes = r.int(10) === 0 ? r.int(300_000) : r.int(2000);
      const at = heap.take(bytes);
      expect(at % 64).toBe(0);
      expect(at).toBeGreaterThan(0);
      expect(at + bytes).toBeLessThanOrEqual(heap.buffer.byteLength);
      for (const [other, length] of live) expect(at + bytes <= other || other + length <= at).toBe(true);
      live.set(at, bytes);
    } else {
      const at = [...live.keys()][r.int(live.size)]!;
      live.delete(at);
      heap.give(at);
    }
  }
  const size = heap.buffer.byteLength;
  for (const at of live.keys()) heap.give(at);
  expect(heap.used).toBe(0);
  // one block again: all but the first line fits, without growing
  heap.take(size - 64);
  expect(heap.buffer.byteLength).toBe(size);
});

it('gives nothing back twice', () => {
  const heap = new OwnHeap();
  const [a, b] = [heap.take(100), heap.take(100)];
  heap.give(a);
  heap.give(a);
  heap.give(12345);
  expect([heap.take(100), heap.take(100)]).toEqual([a, b + 128]);
});

it('says so when there is no memory, and goes on', () => {
  const heap = new OwnHeap();
  const at = heap.take(1000);
  for (const bytes of [2 ** 32, 2 ** 40, Number.POSITIVE_INFINITY]) {
    expect(() => heap.take(bytes)).toThrow(
      /^GW_ENGINE_MEMORY: got no memory for a sequence of .* MB, wanted it within 4 GB; likely fix: a smaller batch/,
    );
  }
  heap.give(at);
  expect(heap.take(1000)).toBe(at);
});

it("aligns what another's allocator gives, and gives that back", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const freed: number[] = [];
  const heap = new TfHeap(memory, { _malloc: (n) => (n > 1000 ? 0 : 1000), _free: (at) => freed.push(at) });
  const at = heap.take(100);
  expect(at).toBe(1024);
  heap.give(at);
  heap.give(at);
  expect(freed).toEqual([1000]);
  expect(() => heap.take(2000)).toThrow(/^GW_ENGINE_MEMORY/);
  expect(() => heap.take(2 ** 32)).toThrow(/^GW_ENGINE_MEMORY/);
});
