import { GatewiseError } from '@gatewise/core';
import type * as tf from '@tensorflow/tfjs-core';
import type { Home } from './home.js';

/** What one recorded sequence keeps until its backward. */
export interface Reserve {
  readonly bytes: number;
  /** As an output of the op: tf.js disposes of it, on pruned paths too. */
  readonly tensor: tf.Tensor | null;
  /** Its address, or null once it is given back. */
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

const LINE = 64;

/** Memory for what forward leaves to backward. Errors: `GW_ENGINE_MEMORY`. */
export function keep(home: Home, bytes: number): Reserve {
  if (home.place) {
    const { tensor, at } = home.place([Math.ceil((bytes + LINE) / Float32Array.BYTES_PER_ELEMENT)]);
    return { bytes, tensor, at: Math.ceil(at / LINE) * LINE };
  }
  const block: Block = { home, at: home.heap.take(bytes) };
  const reserve: Reserve = { bytes, tensor: null, at: block.at };
  // the net for paths whose backward never runs
  collected.register(reserve, block);
  blocks.set(reserve, block);
  live++;
  return reserve;
}

/** Its address. Errors: `GW_ENGINE_RESERVE` where it was given back. */
export function addressOf(reserve: Reserve): number {
  if (reserve.at !== null) return reserve.at;
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
