import { GatewiseError } from '@gatewise/core';
import type * as tf from '@tensorflow/tfjs-core';
import type { Home } from './home.js';

/** What one recorded sequence keeps until its backward. */
export interface Reserve {
  /** As an output of the op: tf.js disposes of it, on pruned paths too. What backward gets is a copy. */
  readonly tensor: tf.Tensor | null;
  /** Its address while forward runs; null once it is given back. */
  at: number | null;
}

let live = 0;

/** Recorded sequences in the engine's own memory whose backward has not run: 0 between training steps. */
export const liveReserves = (): number => live;

interface Block {
  readonly home: Home;
  at: number | null;
}
const collected = new FinalizationRegistry((block: Block) => release(block));
const blocks = new WeakMap<Reserve, Block>();

function release(block: Block): void {
  if (block.at === null) return;
  block.home.heap.give(block.at);
  block.at = null;
  live--;
}

/** Memory for what forward leaves to backward. Errors: `GW_ENGINE_MEMORY`. */
export function keep(home: Home, bytes: number): Reserve {
  if (home.place) return home.place([Math.ceil(bytes / Float32Array.BYTES_PER_ELEMENT)]);
  const block: Block = { home, at: home.heap.take(bytes) };
  const reserve: Reserve = { tensor: null, at: block.at };
  // the net for paths whose backward never runs
  collected.register(reserve, block);
  blocks.set(reserve, block);
  live++;
  return reserve;
}

/** Its address in backward. Errors: `GW_ENGINE_RESERVE` where it was given back. */
export function addressOf(home: Home, reserve: Reserve, tensors: readonly tf.Tensor[]): number {
  const at = reserve.at !== null && tensors[0] ? home.address(tensors[0]) : reserve.at;
  if (at !== null) return at;
  throw new GatewiseError(
    'GW_ENGINE_RESERVE',
    'got a second backward of one forward, wanted one; likely fix: run forward again',
  );
}

export function giveBack(reserve: Reserve): void {
  reserve.at = null;
  const block = blocks.get(reserve);
  if (block) release(block);
}
