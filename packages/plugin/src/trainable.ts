import type { io, Scalar, Variable } from '@tensorflow/tfjs-core';
import type { Batch } from './hooks.js';

/** Anything that has weights and a loss. tf.layers models become one through `trainable(model, { loss })`. */
export interface Trainable {
  readonly name: string;
  /** Trainable weights by name. */
  readonly weights: Readonly<Record<string, Variable>>;
  /** Mean loss of a batch, in nats for cross-entropies; synchronous, called inside a tape (training) or a tidy. */
  loss(batch: Batch, training: boolean): Scalar;
  /**
   * Forgets a carried state, where there is one: of training (true: an epoch begins), of validation (false: one begins or
   * ends), or of both (absent). A model that keeps one state for both may ignore the argument.
   */
  resetState?(training?: boolean): void;
  /** Writes the whole model. */
  save?(handler: io.IOHandler): Promise<io.SaveResult>;
  /** Disposes of what the trainable itself made, such as a carried state; never of the model. */
  dispose?(): void;
}
