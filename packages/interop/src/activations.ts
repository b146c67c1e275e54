import type { Value } from '@gatewise/core';
import type { Activation, CellActivation } from './model.js';

/** An activation in the eight methods, and its slope written in its output y. */
interface Pointwise {
  apply<T extends Value<T>>(x: T): T;
  /** y ⊗ …: d multiplied by the slope at y. */
  back<T extends Value<T>>(d: T, y: T): T;
  /** σ(−a) = 1 − σ(a): what turns one convention of the update gate into the other. */
  readonly symmetric: boolean;
}

/** min(x, 1) = 1 − relu(1 − x) */
const atMostOne = <T extends Value<T>>(x: T): T => x.neg().add(1).relu().neg().add(1);
/** 1 where 0 < y < 1, else 0. */
const inside = <T extends Value<T>>(y: T): T => y.step().mul(y.neg().add(1).step());

export const activations: Readonly<Record<CellActivation, Pointwise>> = {
  tanh: { apply: (x) => x.tanh(), back: (d, y) => d.mul(y.mul(y).neg().add(1)), symmetric: false },
  sigmoid: { apply: (x) => x.sigmoid(), back: (d, y) => d.mul(y.mul(y.neg().add(1))), symmetric: true },
  relu: { apply: (x) => x.relu(), back: (d, y) => d.mul(y.step()), symmetric: false },
  linear: { apply: (x) => x, back: (d) => d, symmetric: false },
  // min(max(0.2 x + 0.5, 0), 1)
  'hard-sigmoid': {
    apply: (x) => atMostOne(x.mul(0.2).add(0.5).relu()),
    back: (d, y) => d.mul(inside(y).mul(0.2)),
    symmetric: true,
  },
  // relu6(x + 3) / 6
  'hard-sigmoid-6': {
    apply: (x) =>
      atMostOne(
        x
          .add(3)
          .relu()
          .mul(1 / 6),
      ),
    back: (d, y) => d.mul(inside(y).mul(1 / 6)),
    symmetric: true,
  },
};

/** What may follow a dense layer and goes by the same name in Keras and tf.layers. */
export const plainActivations: readonly Activation[] = [
  ...(['tanh', 'sigmoid', 'relu', 'linear', 'softmax'] as const),
  ...(['elu', 'selu', 'softplus', 'softsign', 'swish'] as const),
];
