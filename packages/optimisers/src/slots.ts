import { GatewiseError } from '@gatewise/core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { NamedTensor } from './step.js';

/** Slots' arrays that a fused step has made, and that have been in no other hands since. */
export type OwnArrays = WeakSet<Float32Array>;

/** What an optimiser keeps of each weight between steps: by name, in the order the weights first came. */
export class Slots {
  readonly #slots: readonly string[];
  #of = new Map<string, readonly Variable[]>();
  /** Set by `restore`, which may have other names: the first weights that come settle it. */
  #restored = false;
  #own: OwnArrays = new WeakSet();

  constructor(slots: readonly string[]) {
    this.#slots = slots;
  }

  /** For the fused step, to know what it may write to. */
  get own(): OwnArrays {
    return this.#own;
  }

  /** The slots of each weight, zeros where it is new. Errors: `GW_OPTIM_STATE`, before anything is made. */
  of(weights: readonly Variable[]): (readonly Variable[])[] {
    if (this.#restored) this.#settle(weights);
    for (const w of weights) checkShapes(w, this.#of.get(w.name) ?? []);
    return weights.map((w) => this.#of.get(w.name) ?? this.#make(w));
  }

  #make(w: Variable): readonly Variable[] {
    const made = this.#slots.map(() => tf.tidy(() => tf.variable(tf.zerosLike(w as Tensor), false)));
    this.#of.set(w.name, made);
    return made;
  }

  /** A model built anew has weights of other names (dense_1, dense_2): then it is their order that counts. */
  #settle(weights: readonly Variable[]): void {
    const kept = [...this.#of.values()];
    if (kept.length > 0 && weights.some((w) => !this.#of.has(w.name))) {
      if (kept.length !== weights.length) {
        refuse(
          `got ${weights.length} weights, wanted ${kept.length}, as saved; build the model that was saved`,
        );
      }
      for (const [i, w] of weights.entries()) checkShapes(w, kept[i]!);
      this.#of = new Map(weights.map((w, i) => [w.name, kept[i]!]));
    }
    this.#restored = false;
  }

  /** All of the first slot, then all of the second, as tf.js has them; the tensors stay the optimiser's. */
  saved(): NamedTensor[] {
    this.#own = new WeakSet();
    return this.#slots.flatMap((slot, k) =>
      [...this.#of].map(([name, slots]) => ({ name: `${name}/${slot}`, tensor: slots[k]! })),
    );
  }

  /** Takes what `saved` gave; the tensors stay the caller's. Errors: `GW_OPTIM_STATE`, and what was there stays. */
  restore(saved: readonly NamedTensor[]): void {
    const names = this.#slots;
    const count = saved.length / Math.max(1, names.length);
    if (!Number.isInteger(count) || (names.length === 0 && count > 0)) {
      refuse(
        `got ${saved.length} slots, wanted ${names.map((slot) => `"${slot}"`).join(' and ') || 'none'} a weight`,
      );
    }
    const slotAt = (i: number, k: number) => saved[k * count + i]!;
    const weights = saved.slice(0, count).map(({ name }) => name.slice(0, name.lastIndexOf('/')));
    for (const [k, slot] of names.entries()) {
      for (const [i, weight] of weights.entries())
        checkSaved(slotAt(i, k), `${weight}/${slot}`, slotAt(i, 0).tensor);
    }
    if (new Set(weights).size < count)
      refuse('got two slots of one name, wanted them as getWeights gave them');
    this.dispose();
    for (const [i, weight] of weights.entries()) {
      this.#of.set(
        weight,
        names.map((_, k) => tf.variable(slotAt(i, k).tensor, false)),
      );
    }
    this.#restored = true;
  }

  dispose(): void {
    for (const slots of this.#of.values()) tf.dispose([...slots]);
    this.#of.clear();
  }
}

function checkSaved({ name, tensor }: NamedTensor, wanted: string, first: Tensor): void {
  if (name !== wanted)
    refuse(`got "${name}", wanted "${wanted}": slots as getWeights of the same rule gave them`);
  if (tensor.isDisposed) refuse(`got "${name}" after it was disposed of, wanted a tensor that lives`);
  if (tensor.dtype !== 'float32' || !tf.util.arraysEqual(tensor.shape, first.shape)) {
    refuse(`got "${name}" [${tensor.shape}] ${tensor.dtype}, wanted [${first.shape}] float32`);
  }
}

function checkShapes(w: Variable, slots: readonly Variable[]): void {
  const odd = slots.find(({ shape }) => !tf.util.arraysEqual(shape, w.shape));
  if (odd) {
    refuse(
      `got the weight "${w.name}" [${w.shape}], wanted [${odd.shape}], as its slots are; ` +
        'use an optimiser of its own for another model',
    );
  }
}

/** Errors: `GW_OPTIM_STATE`. */
export function refuse(message: string): never {
  throw new GatewiseError('GW_OPTIM_STATE', message);
}
