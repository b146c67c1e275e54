import { GatewiseError } from '@gatewise/core';
import type { Batch, NamedTensors, Trainable } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { inputsOf } from './batches.js';
import { maskOf } from './lengths.js';
import {
  addPenalties,
  applyModel,
  checkedInputs,
  chooseObjective,
  describe,
  type TrainableOptions,
} from './trainable.js';

/**
 * A functional tf.layers model with inputs [x, …states] and outputs [y, …states], whose states [B,H] go on from batch to
 * batch where `batch.carry` is true and start from zeros where not. Values are carried, gradients are not (truncated BPTT).
 * Training and validation carry states of their own. Errors: `GW_TRAIN_CARRY`, and those of `trainable`.
 *
 * @example await train(carried(model, { loss: 'softmaxCrossEntropy' }), windows, { epochs: 3, optimizer });
 */
export function carried(model: LayersModel, options: TrainableOptions = {}): Trainable {
  const described = describe(model);
  const shapes = stateShapes(model);
  const mean = chooseObjective(model, options);
  const memory = { training: new States(shapes), validation: new States(shapes) };
  const resetState = (training?: boolean) => {
    if (training !== false) memory.training.reset();
    if (training !== true) memory.validation.reset();
  };
  return {
    ...described,
    loss(batch, training, show) {
      const states = training ? memory.training : memory.validation;
      const inputs = checkedInputs(model, [...inputsOf(batch), ...states.take(batch)]);
      const mask = maskOf(batch);
      const [p, ...next] = applyModel(model, inputs, training, mask);
      states.keep(next);
      return addPenalties(model, mean(batch, p as tf.Tensor, mask, show), training);
    },
    resetState,
    saveTensors: () => ({ ...described.saveTensors(), ...memory.training.saved() }),
    loadTensors(saved) {
      described.loadTensors(saved);
      memory.training.restore(saved);
    },
    dispose: () => resetState(),
  };
}

/** Names of saved states: this and their place. */
const CARRIED = 'carried/';

/** States kept between batches. Those of the last batch live until the next: its backward pass may still read them. */
class States {
  #live: tf.Tensor[] = [];
  #stale: tf.Tensor[] = [];
  constructor(readonly shapes: readonly (readonly number[])[]) {}

  take(batch: Batch): readonly tf.Tensor[] {
    tf.dispose(this.#stale);
    this.#stale = this.#live;
    this.#live = [];
    const B = batch.y.shape[0] as number;
    if (batch.carry !== true || this.#stale.length === 0)
      return this.shapes.map((shape) => tf.zeros([B, ...shape]));
    const kept = this.#stale[0]?.shape[0];
    if (kept !== B) {
      throw new GatewiseError(
        'GW_TRAIN_CARRY',
        `got a batch of ${B} rows that carries on, wanted ${kept} as in the batch before; drop the odd last batch, or set carry: false there`,
      );
    }
    return this.#stale;
  }

  keep(next: readonly tf.Tensor[]): void {
    this.#live = next.map((state) => tf.keep(tf.clone(state)));
  }

  /** As they go on into the next batch, none at the beginning. */
  saved(): Record<string, tf.Tensor> {
    return Object.fromEntries(this.#live.map((state, i) => [`${CARRIED}${i}`, state]));
  }

  /** Takes back what `saved` gave. Errors: `GW_RESUME_MODEL`. */
  restore(saved: NamedTensors): void {
    const states = Object.keys(saved).filter((name) => name.startsWith(CARRIED));
    const fits = this.shapes.every((shape, i) => {
      const state = saved[`${CARRIED}${i}`];
      return state && tf.util.arraysEqual(state.shape.slice(1), [...shape]);
    });
    if (states.length > 0 && (!fits || states.length !== this.shapes.length)) {
      const got = states.map((name) => `[${saved[name]?.shape}]`).join(' ');
      throw new GatewiseError(
        'GW_RESUME_MODEL',
        `got carried states ${got}, wanted ${this.shapes.map((s) => `[B,${s}]`).join(' ')}; build the model that was saved`,
      );
    }
    this.reset();
    this.keep(states.map((_, i) => saved[`${CARRIED}${i}`] as tf.Tensor));
  }

  reset(): void {
    tf.dispose([this.#live, this.#stale]);
    this.#live = [];
    this.#stale = [];
  }
}

/** Shapes without the batch. */
function stateShapes(model: LayersModel): number[][] {
  const inputs = model.inputs.slice(1).map(({ shape }) => shape.slice(1));
  const outputs = model.outputs.slice(1).map(({ shape }) => shape.slice(1));
  const text = (shapes: readonly (readonly (number | null)[])[]) =>
    shapes.map((s) => `[B,${s}]`).join(' ') || 'none';
  const whole = inputs.every((shape) => shape.every((n) => n !== null));
  if (inputs.length === 0 || !whole || text(inputs) !== text(outputs)) {
    throw new GatewiseError(
      'GW_TRAIN_CARRY',
      `got states ${text(inputs)} as inputs after the first and ${text(outputs)} as outputs after the first, wanted the ` +
        'same list of known sizes in both; build the model with inputs [x, …states] and outputs [y, …states]',
    );
  }
  return inputs as number[][];
}
