import { GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Home } from './home.js';

/** What one recorded sequence keeps until its backward. */
export interface Reserve {
  readonly block: Block;
}
interface Block {
  readonly home: Home;
  /** The tape that was on; weak, since the tape holds the reserve. */
  readonly tape: WeakRef<object> | null;
  /** Null once it is given back. */
  at: number | null;
}
const live = new Set<Block>();
const collected = new FinalizationRegistry(release);

/**
 * Recorded sequences whose backward has not run: 0 between training steps, but for paths that a loss does not read. Those
 * go when a sequence is recorded on another tape, or when they are collected.
 */
export const liveReserves = (): number => live.size;

/** Not as an output of the op: tf.js would copy it once, and make as many zeros in backward. */
export function keep(home: Home, bytes: number): Reserve {
  const tape = tapeNow();
  // a tape is over when another one is on: what it saved, tf.js has dropped too
  for (const block of live) if ((block.tape?.deref() ?? null) !== tape) release(block);
  const reserve = { block: { home, tape: tape && new WeakRef(tape), at: home.heap.take(bytes) } };
  live.add(reserve.block);
  collected.register(reserve, reserve.block);
  return reserve;
}

const tapeNow = (): object | null =>
  (tf.engine().state as unknown as { activeTape?: object | null }).activeTape ?? null;

function release(block: Block): void {
  live.delete(block);
  if (block.at !== null) block.home.heap.give(block.at);
  block.at = null;
}

/** Its address. Errors: `GW_ENGINE_RESERVE` where it was given back. */
export function addressOf({ block }: Reserve): number {
  if (block.at !== null) return block.at;
  throw new GatewiseError(
    'GW_ENGINE_RESERVE',
    'got a second backward of one forward, wanted one; likely fix: run forward again',
  );
}

export const giveBack = ({ block }: Reserve): void => release(block);
