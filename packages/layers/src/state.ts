import { GatewiseError } from '@gatewise/core';
import { type Lengths, lengthsMask } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import type { RecurrentLayer } from './recurrent-layer.js';
import type { StackLayer } from './stack-layer.js';

/** A layer whose states can be carried. */
export type Stateful = RecurrentLayer | StackLayer;

/** States as JSON: plain numbers by row, in the layer's order. */
export interface SavedState {
  readonly layer: string;
  readonly states: readonly { readonly name: string; readonly values: readonly (readonly number[])[] }[]; // [B,H]
}

/**
 * The states of a layer between two runs: an object, not a flag. It lives until `dispose`, also through `tf.tidy`.
 * Several may be at work on one layer, each of any batch size.
 */
export class RecurrentState {
  #tensors: tf.Tensor2D[];

  /** Takes the tensors over: [B,H] each, in the layer's order. */
  constructor(
    readonly layer: Stateful,
    tensors: readonly tf.Tensor[],
  ) {
    this.#tensors = tensors.map((t) => tf.keep(t) as tf.Tensor2D);
  }

  /** [B,H] each; they stay this object's. Errors: `GW_STATE_DISPOSED`. */
  get tensors(): readonly tf.Tensor2D[] {
    if (this.#tensors.length > 0) return this.#tensors;
    throw new GatewiseError(
      'GW_STATE_DISPOSED',
      `got a state of layer "${this.layer.name}" after it was disposed of; take the one that run() gave last`,
    );
  }

  /** B */
  get rows(): number {
    return this.tensors[0]!.shape[0];
  }

  /** A state of the same values through which no gradient flows. */
  detach(): RecurrentState {
    const cut = tf.customGrad((t) => ({
      value: tf.clone(t as tf.Tensor),
      gradFunc: (dy) => tf.zerosLike(dy),
    }));
    return new RecurrentState(
      this.layer,
      tf.tidy(() => this.tensors.map((t) => tf.keep(cut(t)))),
    );
  }

  /** Sets some rows, or all, back to what a sequence starts from: zeros, or the learned state. Errors: `GW_STATE_ROW`. */
  reset(rows?: readonly number[]): void {
    const before = this.tensors;
    const B = this.rows;
    const odd = rows?.find((row) => !(Number.isInteger(row) && row >= 0 && row < B));
    if (odd !== undefined) {
      throw new GatewiseError(
        'GW_STATE_ROW',
        `got row ${odd} of a state, wanted whole numbers from 0 to ${B - 1}`,
      );
    }
    const chosen = Array.from({ length: B }, (_, b) => rows?.includes(b) ?? true);
    this.#tensors = tf.tidy(() =>
      this.layer.initialStates(B).map((start, k) => {
        const [, H] = start.shape as [number, number];
        const where = tf.tile(tf.tensor2d(chosen, [B, 1], 'bool'), [1, H]);
        return tf.keep(tf.where(where, start, before[k]!)) as tf.Tensor2D;
      }),
    );
    tf.dispose([...before]);
  }

  /** The values, to be kept beside a model. */
  async save(): Promise<SavedState> {
    const names = this.layer.states.map(({ name }) => name);
    const values = await Promise.all(this.tensors.map((t) => t.array()));
    return { layer: this.layer.name, states: names.map((name, k) => ({ name, values: values[k]! })) };
  }

  dispose(): void {
    tf.dispose(this.#tensors);
    this.#tensors = [];
  }
}

/** What a sequence of B rows starts from: zeros, or the learned state. The layer must have run or be built. */
export function initialState(layer: Stateful, B: number): RecurrentState {
  return new RecurrentState(
    layer,
    tf.tidy(() => layer.initialStates(B).map((t) => tf.keep(t))),
  );
}

/** The state that `save` wrote. Errors: `GW_STATE_SHAPE` when it is of another layer. */
export function restoreState(layer: Stateful, { states }: SavedState): RecurrentState {
  const wanted = layer.states;
  const fits =
    states.length === wanted.length &&
    wanted.every(
      ({ name, units }, k) =>
        states[k]!.name === name && states[k]!.values.every((row) => row.length === units),
    );
  if (!fits) {
    const list = (all: readonly { name: string }[]) => all.map(({ name }) => name).join(', ');
    throw new GatewiseError(
      'GW_STATE_SHAPE',
      `got the states ${list(states)}, wanted those of layer "${layer.name}": ${wanted.map(({ name, units }) => `${name} [B, ${units}]`).join(', ')}`,
    );
  }
  return new RecurrentState(
    layer,
    states.map(({ values }) => tf.tensor2d(values as number[][])),
  );
}

/**
 * Runs a layer over a part of a sequence and hands its state on: y of all steps [B,T,…] is the caller's, so is `state`;
 * the state that was given stays as it was. Within a tape gradients flow from part to part; cut them with `detach`.
 * With merge 'none' y is the forward one. Errors: `GW_STATE_LAYER`, `GW_LAYER_SHAPE`, `GW_OP_LENGTHS`.
 *
 * @example
 * const first = runLayer(layer, monday);
 * const second = runLayer(layer, tuesday, first.state);
 */
export function runLayer(
  layer: Stateful,
  x: tf.Tensor, // [B,T,I] or ids [B,T]
  state?: RecurrentState,
  { mask, lengths }: { readonly mask?: tf.Tensor; readonly lengths?: Lengths } = {},
): { y: tf.Tensor; state: RecurrentState } {
  if (state && state.layer !== layer) {
    throw new GatewiseError(
      'GW_STATE_LAYER',
      `got a state of layer "${state.layer.name}" for layer "${layer.name}", wanted one of its own`,
    );
  }
  const kept: tf.Tensor[] = [];
  const y = tf.tidy(() => {
    const real = lengths === undefined ? mask : lengthsMask(lengths, x.shape[0]!, x.shape[1]!);
    const ran = layer.sequence(x, state?.tensors ?? [], real);
    kept.push(...ran.finals.map((t) => tf.keep(t)));
    return ran.y[0]!;
  });
  return { y, state: new RecurrentState(layer, kept) };
}
