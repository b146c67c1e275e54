import type { io, Scalar, Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import type { Batch } from './hooks.js';
import type { Json, NamedTensors } from './plugin.js';

/** What a loss is computed from, for metrics. The tensors stay the model's. */
export interface Seen {
  /** Ids [..] beside predictions [..,C], or of the shape of the predictions. */
  readonly targets: Tensor;
  readonly predictions: Tensor;
  /** What predictions are: logits or probabilities of classes, probabilities of independent ones, or values. */
  readonly form: 'logits' | 'probabilities' | 'binary' | 'values';
  /** Which targets are real; absent where all are. */
  readonly mask?: Tensor2D; // bool [B,T]
  /** Mean cross-entropy in nats, where the loss is that. */
  readonly crossEntropy?: Scalar;
}

/** Anything that has weights and a loss. tf.layers models become one through `trainable(model, { loss })`. */
export interface Trainable {
  readonly name: string;
  /** Trainable weights by name. */
  readonly weights: Readonly<Record<string, Variable>>;
  /**
   * Mean loss of a batch, in nats for cross-entropies; synchronous, called inside a tape (training) or a tidy. `show`, there
   * where metrics are asked for by name, is to be called once with what the loss is computed from.
   */
  loss(batch: Batch, training: boolean, show?: (seen: Seen) => void): Scalar;
  /**
   * Forgets a carried state, where there is one: of training (true: an epoch begins), of validation (false: one begins or
   * ends), or of both (absent). A model that keeps one state for both may ignore the argument.
   */
  resetState?(training?: boolean): void;
  /**
   * For checkpoints: what it keeps beside `weights` and goes on with, such as a carried state of training or running means.
   * The tensors stay the model's.
   */
  saveTensors?(): NamedTensors;
  /** Takes back what `saveTensors` gave; all of it is checked first. The tensors stay the caller's: keep copies. */
  loadTensors?(tensors: NamedTensors): void;
  /** For checkpoints, plain JSON: what else it goes on with, such as rates that training has told its layers. */
  saveState?(): Json;
  loadState?(state: Json): void;
  /** What it is made of, for checkpoints: one of another model is refused. Of a layers model, tf.js' topology. */
  topology?(): Json;
  /** Writes the whole model. */
  save?(handler: io.IOHandler): Promise<io.SaveResult>;
  /** Disposes of what the trainable itself made, such as a carried state; never of the model. */
  dispose?(): void;
}
