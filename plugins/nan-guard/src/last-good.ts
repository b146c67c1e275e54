import type { TrainContext } from '@gatewise/plugin';
import type { Optimizer, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

type Weights = TrainContext['weights'];

/** Copies of the weights and of the optimizer's slots. */
export class LastGood {
  #weights = new Map<string, Tensor>();
  #slots: { name: string; tensor: Tensor }[] = [];
  readonly #optimizer: Optimizer;
  /** Steps done when they were taken; undefined where there are none. */
  step: number | undefined;

  constructor(optimizer: Optimizer) {
    this.#optimizer = optimizer;
  }

  async take(weights: Weights, step: number): Promise<void> {
    const slots = await this.#optimizer.getWeights();
    this.clear();
    for (const [name, w] of Object.entries(weights)) this.#weights.set(name, tf.keep(tf.clone(w)));
    // true copies: an optimizer may write to its slots in place
    this.#slots = slots.map(({ name, tensor }) => ({
      name,
      tensor: tf.tidy(() => tf.keep(tf.add(tensor, tf.zeros([], tensor.dtype)))),
    }));
    this.step = step;
    // tf.js' own make a new tensor of the number of steps at each call
    const [first] = slots;
    if (first?.name === 'iter' && !(first.tensor instanceof tf.Variable)) first.tensor.dispose();
  }

  /** Nothing happens where there are none. */
  async restore(weights: Weights): Promise<void> {
    if (this.step === undefined) return;
    for (const [name, copy] of this.#weights) weights[name]?.assign(copy);
    // tf.js' own keep what they are given: they get copies
    const given = this.#slots.map(({ name, tensor }) => ({ name, tensor: tf.keep(tf.clone(tensor)) }));
    await this.#optimizer.setWeights(given);
    tf.dispose(given.map(({ tensor }) => tensor));
  }

  clear(): void {
    tf.dispose([...this.#weights.values(), ...this.#slots.map(({ tensor }) => tensor)]);
    this.#weights.clear();
    this.#slots = [];
    this.step = undefined;
  }
}
