import type { NamedTensors } from '@gatewise/plugin';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

type Weights = Readonly<Record<string, Variable>>;

/** Averages of weights by name, and the weights themselves while the averages stand in for them. */
export class Averages {
  #averages = new Map<string, Tensor>();
  #swapped: readonly { readonly weight: Variable; readonly own: Tensor }[] = [];

  /** Starts from these values. */
  set(values: NamedTensors): void {
    this.clear();
    for (const [name, value] of Object.entries(values)) this.#averages.set(name, tf.keep(tf.clone(value)));
  }

  /** a ← d a + (1 − d) w */
  add(weights: Weights, d: number): void {
    for (const [name, w] of Object.entries(weights)) {
      const a = this.#averages.get(name) as Tensor;
      this.#averages.set(
        name,
        tf.tidy(() => tf.keep(tf.add(tf.mul(a, d), tf.mul(w, 1 - d)))),
      );
      a.dispose();
    }
  }

  swapIn(weights: Weights): void {
    this.swapBack();
    this.#swapped = Object.values(weights).map((weight) => ({ weight, own: tf.keep(tf.clone(weight)) }));
    this.assignTo(weights);
  }

  /** Nothing happens where the averages do not stand in. */
  swapBack(): void {
    for (const { weight, own } of this.#swapped) {
      weight.assign(own);
      own.dispose();
    }
    this.#swapped = [];
  }

  assignTo(weights: Weights): void {
    for (const [name, w] of Object.entries(weights)) w.assign(this.#averages.get(name) as Tensor);
  }

  tensors(): NamedTensors {
    return Object.fromEntries(this.#averages);
  }

  clear(): void {
    tf.dispose([...this.#averages.values()]);
    this.#averages.clear();
  }
}
