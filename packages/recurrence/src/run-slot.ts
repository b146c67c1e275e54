import { type AnyCell, GatewiseError, type LayerInfo, type Regularisers } from '@gatewise/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { RecurArgs } from './request.js';

/** What a recurrent layer gives, before it is cut to what was asked for. */
export interface LayerOutputs {
  readonly y: Tensor; // [B,T,H]
  /** y after output dropout; y itself where there is none. */
  readonly dropped: Tensor; // [B,T,H]
  /** Which steps are real; absent where all are. */
  readonly mask?: Tensor; // bool [B,T]
}

/** What a trainer tells the recurrent layers of the step that is being computed. */
export interface Run {
  /** Seed of the run and number of the step: with a layer's name they key every random mask. */
  readonly seed: number;
  readonly step: number;
  /** True while training: a layer then asks for its regularisers. */
  readonly training: boolean;
  regularisers(layer: LayerInfo): Regularisers;
  /** When present, every recurrent layer hands its outputs here while training, on the tape. */
  readonly onOutputs?: (layer: LayerInfo, outputs: LayerOutputs) => void;
  /** When present, every recurrent op hands its state gradients here during the backward pass, inside a tidy. */
  readonly onStateGradients?: (
    layer: string,
    dStates: Tensor, // [B, T, S·H]
    states: readonly string[],
  ) => void;
  /** When present, every recurrent op tells of itself here; the function that it is given takes its state gradients. */
  readonly onRecur?: (call: RecurCall) => Run['onStateGradients'];
}

/** One call of the op; its tensors are the caller's. */
export interface RecurCall {
  readonly layer: string;
  readonly cell: AnyCell;
  readonly args: RecurArgs;
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
