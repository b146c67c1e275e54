import type { LayerInfo, Random, Regularisers } from '@gatewise/core';
import type { Scalar, Tensor, Tensor2D, Tensor3D, Variable } from '@tensorflow/tfjs-core';

export type Awaitable<T> = T | Promise<T>;
/** Gradients by weight name, each shaped like its weight. */
export type Gradients = Readonly<Record<string, Tensor>>;
/** Host numbers by name: `loss`, `valLoss`, `skipped` where updates were, whatever plugins report. */
export type Logs = Readonly<Record<string, number>>;

/** One step's data. The trainer disposes of it after the step. */
export interface Batch {
  /** Input, or several: [B,T,I], or int32 ids [B,T]. */
  readonly x: Tensor | readonly Tensor[];
  /** Target. */
  readonly y: Tensor;
  /** True where row b continues row b of the batch before, so that a carried state goes on. */
  readonly carry?: boolean;
  /** How many steps of each row of x are real, [B]: what lies behind is padding, which no layer of ours reads and no loss counts. */
  readonly lengths?: readonly number[];
  /** How many steps of each row of y are real, [B], where they are not those of x: what seq2seq models write. */
  readonly targetLengths?: readonly number[];
}

/** What every hook can see and do. */
export interface TrainContext {
  /** Trainable weights by name; handle them, do not dispose of them. */
  readonly weights: Readonly<Record<string, Variable>>;
  readonly epochs: number;
  /** Steps done so far: updates, and updates that a plugin skipped. */
  readonly step: number;
  /** Steps planned in the whole run, where known: for progress and schedules. */
  readonly steps?: number;
  readonly seed: number;
  /** The run only shows whether all works (`fastDevRun`): write no files. What `Tokens.Store` gives writes none by itself. */
  readonly dryRun?: true;
  /** Where it is not after each epoch that the validation is scored: some epochs have no `valLoss` then. */
  readonly validateEvery?: { readonly epochs?: number; readonly steps?: number };
  /** A seeded stream of this plugin's own. */
  readonly random: Random;
  /**
   * Adds a number to the logs: of this step, or of the epoch when called between steps. A tensor holds one number
   * and stays the caller's; its value is read with the loss, so nothing waits on the device.
   */
  report(name: string, value: number | Tensor): void;
  /** Ends training after this step. */
  stop(reason: string): void;
}
export interface EpochContext extends TrainContext {
  readonly epoch: number;
  /** At the end of an epoch: means over its batches, and `valLoss` and other validation metrics when validated. */
  readonly logs: Logs;
}
export interface BatchContext extends TrainContext {
  readonly epoch: number;
  readonly batch: number;
  /** Targets in this batch (B·T, or B): for rates such as characters per second. */
  readonly size: number;
  /** Whether its epoch ends with it; told where a plugin has `looksAhead`. */
  readonly last?: boolean;
  /**
   * Reads `loss` (before `transformLoss`) and what was reported in this step. Waits on the device: call it only when the
   * numbers are used. Training ends with `GW_TRAIN_NONFINITE` after a hook that read a loss of NaN or infinity.
   */
  logs(): Promise<Logs>;
}
/** What is known between the gradients and the update. Tensors live until `beforeUpdate` returns. */
export interface UpdateStats {
  /** What the weights are about to change by, after every `transformGradients`. */
  readonly gradients: Gradients;
  /** ‖δs_t‖₂ over batch and units, [T, S] by layer name: only on steps where a plugin asked through `provideProbe`. */
  readonly stateGradients: Readonly<Record<string, Tensor2D>>;
  /** State names, in the order of the second axis of `stateGradients`. */
  readonly states: Readonly<Record<string, readonly string[]>>;
  /**
   * How the gates of each recurrent layer are used, by layer and gate: only on steps where a plugin asked through
   * `provideProbe`, else {}. Of the first 8 rows of the batch. It runs the layers once more and waits on the device: call it only where it is used.
   */
  gates(): Promise<Readonly<Record<string, Readonly<Record<string, GateUse>>>>>;
  /** Leaves weights and optimizer as they are, and the step out of the epoch's means; plugins that come later are not called. */
  skip(): void;
  /** True once a plugin has skipped it, then and until the step is over. */
  readonly skipped: boolean;
}
/** Shares of a gate's activations over units, rows and real steps: within 0.1 of one of its ends. */
export interface GateUse {
  /** Near its lower end: 0 for σ, −1 for tanh. */
  readonly low: number;
  /** Near its upper end; 0 where it has none. */
  readonly high: number;
}
/** What a recurrent layer gives in a training step, on the tape: a penalty computed of it has a gradient. */
export interface LayerOutputs {
  readonly y: Tensor3D; // [B,T,H]
  /** y after output dropout; y itself where there is none. */
  readonly dropped: Tensor3D; // [B,T,H]
  /** Which steps are real; absent where all are. */
  readonly mask?: Tensor2D; // bool [B,T]
}
export type TrainEnd =
  | { readonly reason: 'completed' }
  | { readonly reason: 'stopped'; readonly why: string }
  | { readonly reason: 'failed'; readonly error: Error };

/** A run at rest: after a step, or after an epoch, when all other hooks of it are over. */
export interface SavePointContext extends TrainContext {
  readonly epoch: number;
  readonly after: 'step' | 'epoch';
  /** The logs of the epoch, where one is over. */
  readonly logs?: Logs;
  /** No step follows in this run. */
  readonly last: boolean;
}

/** Observe: awaited, in order, returns nothing. Tensors handed to it never cross an await. */
export interface Observers {
  /** Before everything else: where a plugin takes the run back to where an earlier one stood (`Tokens.RunState`). */
  onRestore(ctx: TrainContext): Awaitable<void>;
  onTrainBegin(ctx: TrainContext): Awaitable<void>;
  onEpochBegin(ctx: EpochContext): Awaitable<void>;
  onBatchBegin(ctx: BatchContext): Awaitable<void>;
  /** After the gradients, before the weights change; not called where an update is skipped. */
  beforeUpdate(stats: UpdateStats, ctx: BatchContext): Awaitable<void>;
  onBatchEnd(ctx: BatchContext): Awaitable<void>;
  onValidationBegin(ctx: EpochContext): Awaitable<void>;
  onValidationEnd(ctx: EpochContext): Awaitable<void>;
  onEpochEnd(ctx: EpochContext): Awaitable<void>;
  /** After every step and every epoch: the place to save the run (`Tokens.RunState`). Not after one that failed. */
  onSavePoint(ctx: SavePointContext): Awaitable<void>;
  onTrainEnd(ctx: TrainContext, end: TrainEnd): Awaitable<void>;
}
/** Transform: synchronous, inside `tf.tidy`; each result feeds the next. */
export interface Transforms {
  /** A field left out of the result stays as it was. Training only: validation sees its batches as they come. */
  transformBatch(batch: Batch, ctx: BatchContext): Batch;
  transformLoss(loss: Scalar, ctx: BatchContext): Scalar;
  /**
   * null skips this update: the step does not count in the epoch's means. 'later' puts it off: the plugin keeps what it was
   * given for a later step, and the step counts. Either ends the chain.
   */
  transformGradients(gradients: Gradients, ctx: BatchContext): Gradients | null | 'later';
}
/** Provide: synchronous; how several answers join is said beside each. */
export interface Providers {
  /** First answer wins. */
  provideLearningRate(ctx: BatchContext): number | undefined;
  /** Merged field by field, the first answer to a field wins: dropout and zoneout live together. */
  provideRegularisers(layer: LayerInfo, ctx: BatchContext): Regularisers | undefined;
  /** Of each recurrent layer, in its forward pass, inside `tf.tidy`; all answers are added to the loss, not to the one that is logged. */
  providePenalty(layer: LayerInfo, outputs: LayerOutputs, ctx: BatchContext): Scalar | undefined;
  /** True from anyone makes this step keep ‖δs_t‖ of every recurrent layer. */
  provideProbe(ctx: BatchContext): boolean;
}
export type Hooks = Observers & Transforms & Providers;

/** Every hook and its kind. */
export const hookKinds: Readonly<Record<keyof Hooks, 'observe' | 'transform' | 'provide'>> = {
  onRestore: 'observe',
  onTrainBegin: 'observe',
  onEpochBegin: 'observe',
  onBatchBegin: 'observe',
  beforeUpdate: 'observe',
  onBatchEnd: 'observe',
  onValidationBegin: 'observe',
  onValidationEnd: 'observe',
  onEpochEnd: 'observe',
  onSavePoint: 'observe',
  onTrainEnd: 'observe',
  transformBatch: 'transform',
  transformLoss: 'transform',
  transformGradients: 'transform',
  provideLearningRate: 'provide',
  provideRegularisers: 'provide',
  providePenalty: 'provide',
  provideProbe: 'provide',
};
