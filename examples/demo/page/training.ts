import type { PageBackend } from './backends.js';

/** A file of a checkpoint. */
export type NamedFile = readonly [name: string, bytes: Uint8Array];

/** What a run is. */
export interface Recipe {
  readonly cell: string;
  readonly units: number;
  readonly seed: number;
  readonly text: string;
}

/** What the worker is told. */
export interface TrainingOptions extends Recipe {
  /** In the whole run, those of before counted in. */
  readonly steps: number;
  readonly backend: PageBackend;
  readonly wasmPaths: string;
  /** The checkpoint to go on from; none: a new run. */
  readonly checkpoint: readonly NamedFile[];
}

/** What the worker gives back besides the model. */
export interface TrainingValue {
  readonly symbols: readonly string[];
  readonly unknown: string;
  /** To go on from. */
  readonly checkpoint: readonly NamedFile[];
}

/** What the worker says on the way. */
export type TrainingMessage =
  | { readonly type: 'runs'; readonly on: string }
  | { readonly type: 'heldOut'; readonly step: number; readonly loss: number }
  /** ‖δs_t‖ at each time step of a window. */
  | {
      readonly type: 'flow';
      readonly step: number;
      readonly state: string;
      readonly norms: readonly number[];
    }
  | { readonly type: 'sample'; readonly step: number; readonly text: string }
  | { readonly type: 'note'; readonly text: string };

/** In bits: 1 nat = log₂ e bits. */
export const bits = (nats: number): number => nats * Math.LOG2E;
