import { oneMinus, type Value } from '@gatewise/core';

/** σ̂(x) = min(max(0.2 x + 0.5, 0), 1) = 1 − relu(1 − relu(0.2 x + 0.5)), as in Keras 2 and tf.layers: exactly 0 and 1 at its ends. */
export const hardSigmoid = <T extends Value<T>>(x: T): T =>
  oneMinus(oneMinus(x.mul(0.2).add(0.5).relu()).relu());

/** σ̂′ = 0.2 where 0 < y < 1, else 0, written in the output y. */
export const dhardSigmoid = <T extends Value<T>>(y: T): T => y.step().mul(oneMinus(y).step()).mul(0.2);
