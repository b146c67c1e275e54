import type { UpdateRule } from '@gatewise/kernels';
import type { Tensor } from '@tensorflow/tfjs-core';

/** An update rule: data and maths, no tensors of its own. `C` are its options, `S` names its slots, `N` its numbers. */
export interface Rule<C = never, S extends string = string, N extends string = string> {
  /** Under which the fused kernels know the same formulas. */
  readonly name: UpdateRule;
  /** What is kept between steps, each of its weight's shape and zero at first. */
  readonly slots: readonly S[];
  /** The numbers of step t = 1, 2, … by the options, in float64, in the order the fused kernels take them. */
  numbers(t: number, options: C): Readonly<Record<N, number>>;
  /** The weight and its slots after the step, of w, g and every slot alike in shape. */
  next(
    w: Tensor,
    g: Tensor,
    slots: Readonly<Record<S, Tensor>>,
    numbers: Readonly<Record<N, number>>,
  ): Readonly<Record<S | 'w', Tensor>>;
}
