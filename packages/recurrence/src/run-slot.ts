import { GatewiseError, type Regularisers } from '@gatewise/core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** What a trainer tells the recurrent layers of the step that is being computed. */
export interface Run {
  /** Seed of the run and number of the step: with a layer's name they key every random mask. */
  readonly seed: number;
  readonly step: number;
  /** True while training: a layer then asks for its regularisers. */
  readonly training: boolean;
  regularisers(layer: { readonly name: string; readonly units: number }): Regularisers;
  /** When present, every recurrent op hands its state gradients here during the backward pass, inside a tidy. */
  readonly onStateGradients?: (
    layer: string,
    dStates: Tensor, // [B, T, S·H]
    states: readonly string[],
  ) => void;
}

const slot: Run[] = [];

/** Runs a synchronous body with `run` in the slot; layers read it with `currentRun()`. Errors: `GW_RUN_ASYNC`. */
export function withRun<T>(run: Run, body: () => T): T {
  slot.push(run);
  try {
    const result = body();
    if (result instanceof Promise) {
      throw new GatewiseError(
        'GW_RUN_ASYNC',
        'got a promise, wanted a synchronous step; await outside withRun',
      );
    }
    return result;
  } finally {
    slot.pop();
  }
}

/** The run of the step being computed, if a trainer is at work. */
export function currentRun(): Run | undefined {
  return slot.at(-1);
}
