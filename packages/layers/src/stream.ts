import { GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { type RecurrentState, runLayer, type Stateful } from './state.js';

/** A layer that takes one step at a time. */
export interface Stream {
  /** x [B,I], or ids [B], to y [B,…], the caller's. One fused step; nothing piles up. */
  push(x: tf.Tensor): tf.Tensor;
  /** Before the first push undefined. It changes with every push. */
  readonly state: RecurrentState | undefined;
  /** Sets some rows, or all, back to their start. */
  reset(rows?: readonly number[]): void;
  dispose(): void;
}

/**
 * Runs a layer step by step, with the same result as over the whole sequence. A state to start from becomes the stream's.
 * Errors: `GW_STREAM_DIRECTION` for a layer that runs backward, `GW_LAYER_SHAPE`.
 *
 * @example
 * const steps = stream(layer);
 * for (const x of sensor) use(steps.push(x));
 * steps.dispose();
 */
export function stream(layer: Stateful, start?: RecurrentState): Stream {
  if (!layer.causal) {
    throw new GatewiseError(
      'GW_STREAM_DIRECTION',
      `got layer "${layer.name}", which runs backward and needs the end first; wanted forward directions alone`,
    );
  }
  let state = start;
  return {
    get state() {
      return state;
    },
    push(x) {
      const before = state;
      const y = tf.tidy(() => {
        const [B, ...rest] = x.shape as [number, ...number[]];
        const ran = runLayer(layer, tf.reshape(x, [B, 1, ...rest]), before);
        state = ran.state;
        return tf.reshape(ran.y, [B, ran.y.shape[2]!]);
      });
      before?.dispose();
      return y;
    },
    reset: (rows) => state?.reset(rows),
    dispose() {
      state?.dispose();
      state = undefined;
    },
  };
}
