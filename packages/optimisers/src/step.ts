import type { Tensor, Variable } from '@tensorflow/tfjs-core';

/** What one step takes of one weight: checked, all of the weight's shape. */
export interface Step {
  readonly w: Variable;
  readonly g: Tensor;
  /** In the rule's order. */
  readonly slots: readonly Variable[];
  /** Of the rule, in the weight's group: one object for all weights of it. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** A tensor of an optimizer's state, or a gradient; tf.js' own type, which it does not export. */
export interface NamedTensor {
  readonly name: string;
  readonly tensor: Tensor;
}
