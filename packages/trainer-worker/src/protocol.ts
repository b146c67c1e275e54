import type { Logs } from '@gatewise/plugin';
import type { TrainResult } from '@gatewise/trainer';
import type { io } from '@tensorflow/tfjs-core';
import type { PackedError } from './pack-error.js';

/** A step that was reported: the newest, at most ten times a second. */
export interface StepReport {
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done, of those planned where that is known. */
  readonly step: number;
  readonly steps?: number;
  readonly logs: Logs;
}
export interface EpochReport {
  readonly epoch: number;
  readonly epochs: number;
  /** Means of the epoch, and the scores of its validation. */
  readonly logs: Logs;
}

/** The values of a weight, copied. */
export interface WeightValues {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly values: Float32Array | Int32Array | Uint8Array;
}

/** What the worker gives back: it is moved, not copied. */
export interface Trained<Value = unknown> {
  /** What `train` gave. */
  readonly result: TrainResult;
  /** Trainable weights by name. */
  readonly weights: Readonly<Record<string, WeightValues>>;
  /** The whole model, where it can be saved: `tf.loadLayersModel(tf.io.fromMemory(artifacts))`. */
  readonly artifacts?: io.ModelArtifacts;
  /** What the function given to `serveTraining` returned. */
  readonly value: Value;
}

/** From outside into the worker. */
export type ToWorker =
  | { readonly type: 'start'; readonly options: unknown; readonly lock: string }
  | { readonly type: 'cancel'; readonly why: string };

/** From the worker to outside. */
export type FromWorker =
  /** It holds the lock of its life. */
  | { readonly type: 'alive' }
  | { readonly type: 'step'; readonly report: StepReport }
  | { readonly type: 'epoch'; readonly report: EpochReport }
  | { readonly type: 'message'; readonly value: unknown }
  | { readonly type: 'done'; readonly trained: Trained }
  | { readonly type: 'failed'; readonly error: PackedError };
