import { GatewiseError } from '@gatewise/core';
import type { Json, NamedTensors, Trainable } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { inputsOf } from './batches.js';
import type { WeighableLoss } from './class-weights.js';
import { maskOf } from './lengths.js';
import type { Loss } from './losses.js';
import { type Objective, objective } from './objective.js';
import { seedDraws } from './seed-draws.js';

/** The loss of a tf.layers model. */
export type TrainableOptions =
  | {
      /** A name or (yTrue, yPred) => loss; the loss of `model.compile` where absent. */
      readonly loss?: Loss;
      readonly classWeights?: never;
    }
  | {
      readonly loss?: WeighableLoss;
      /** [C]: how much a target of each class counts in the mean, in training and validation; metrics go without. */
      readonly classWeights?: readonly number[];
    };

/**
 * A tf.layers model as something the trainer trains. Penalties of weight regularisers join the loss while training.
 * Errors: `GW_TRAIN_LOSS`, `GW_TRAIN_CLASS_WEIGHTS`, `GW_TRAIN_NO_WEIGHTS`, and `GW_TRAIN_SHAPE` for batches that don't fit.
 *
 * @example await train(trainable(model, { loss: 'softmaxCrossEntropy' }), batches, { epochs: 3, optimizer });
 */
export function trainable(model: LayersModel, options: TrainableOptions = {}): Trainable {
  const mean = chooseObjective(model, options);
  return {
    ...describe(model),
    loss(batch, training, show) {
      const mask = maskOf(batch);
      const [p, ...more] = applyModel(model, checkedInputs(model, inputsOf(batch)), training, mask);
      if (more.length > 0) {
        throw new GatewiseError(
          'GW_TRAIN_SHAPE',
          `got a model with ${more.length + 1} outputs, wanted one; use carried(model, …) for states, or write a Trainable`,
        );
      }
      return addPenalties(model, mean(batch, p as tf.Tensor, mask, show), training);
    },
  };
}

/** Told by what it can do, so that two copies of tf.layers make no difference. */
export function isLayersModel(model: unknown): model is LayersModel {
  const m = model as Partial<LayersModel> | null | undefined;
  return typeof m?.apply === 'function' && typeof m.getLayer === 'function';
}

export function chooseObjective(model: LayersModel, options: TrainableOptions): Objective {
  const loss = options.loss ?? (model as { loss?: unknown }).loss;
  // Names of tf.layers that are known here; anything else is refused.
  return objective(loss as Loss, options.classWeights);
}

type Described = Pick<Trainable, 'name' | 'weights' | 'save' | 'topology' | 'saveState' | 'loadState'> &
  Required<Pick<Trainable, 'saveTensors' | 'loadTensors'>>;

/** Name, weights and saving of a tf.layers model. */
export function describe(model: LayersModel): Described {
  if (!model.inputs?.length) {
    throw new GatewiseError(
      'GW_TRAIN_NO_WEIGHTS',
      `got model "${model.name}" without layers, wanted at least one; add some, the first with an inputShape`,
    );
  }
  // A tf.sequential has its weights already, but not yet the names of its inputs.
  if (!model.built) (model as unknown as { build(): void }).build();
  const others = () => {
    const named = Object.entries(variablesOf(model.nonTrainableWeights));
    return Object.fromEntries(named.map(([name, w]) => [`weight/${name}`, w]));
  };
  return {
    name: model.name,
    weights: variablesOf(model.trainableWeights),
    saveTensors: others,
    loadTensors: (saved) => assignAll(others(), saved, model.name),
    ...layerStates(model),
    topology: () => model.toJSON(undefined, false) as Json,
    save: (handler) => model.save(handler),
  };
}

/** Of the layers that have states of their own: ours have, by their place in the model. */
function layerStates(model: LayersModel): Required<Pick<Trainable, 'saveState' | 'loadState'>> {
  type Stateful = { saveState?(): Json; loadState?(state: Json): void };
  const layers = () => model.layers as unknown as readonly Stateful[];
  return {
    saveState: () => layers().map((layer) => layer.saveState?.() ?? null),
    loadState(states) {
      if (!Array.isArray(states)) return;
      for (const [i, state] of states.entries()) if (state !== null) layers()[i]?.loadState?.(state);
    },
  };
}

/** By name. Original names are the same in every run; tf.layers numbers the others through the life of the process. */
function variablesOf(weights: LayersModel['weights']): Record<string, tf.Variable> {
  const unique = new Set(weights.map((w) => w.originalName)).size === weights.length;
  return Object.fromEntries(weights.map((w) => [unique ? w.originalName : w.name, w.read() as tf.Variable]));
}

/** Errors: `GW_RESUME_MODEL`, before any has changed. */
function assignAll(
  variables: Readonly<Record<string, tf.Variable>>,
  saved: NamedTensors,
  model: string,
): void {
  for (const [name, { shape }] of Object.entries(variables)) {
    if (saved[name] && tf.util.arraysEqual(saved[name].shape, shape)) continue;
    const got = saved[name] ? `[${saved[name].shape}]` : 'none';
    throw new GatewiseError(
      'GW_RESUME_MODEL',
      `got ${got} as the saved weight "${name}" of model "${model}", wanted [${shape}]; build the model that was saved`,
    );
  }
  for (const [name, variable] of Object.entries(variables)) variable.assign(saved[name] as tf.Tensor);
}

export function applyModel(
  model: LayersModel,
  inputs: readonly tf.Tensor[],
  training: boolean,
  mask?: tf.Tensor, // [B,T]: which steps are real
): tf.Tensor[] {
  if (training) seedDraws(model);
  const x = inputs.length === 1 ? (inputs[0] as tf.Tensor) : [...inputs];
  const outputs = model.apply(x, mask ? { training, mask } : { training }) as tf.Tensor | tf.Tensor[];
  return Array.isArray(outputs) ? outputs : [outputs];
}

export function addPenalties(model: LayersModel, loss: tf.Scalar, training: boolean): tf.Scalar {
  if (!training) return loss;
  return model.calculateLosses().reduce((sum, penalty) => tf.add(sum, penalty) as tf.Scalar, loss);
}

/** Errors: `GW_TRAIN_SHAPE`. */
export function checkedInputs(model: LayersModel, inputs: readonly tf.Tensor[]): readonly tf.Tensor[] {
  if (inputs.length !== model.inputs.length) {
    throw new GatewiseError(
      'GW_TRAIN_SHAPE',
      `got ${inputs.length} inputs, wanted ${model.inputs.length} (${model.inputNames.join(', ')}); give x as a list`,
    );
  }
  inputs.forEach((x, i) => {
    const wanted = model.inputs[i]?.shape ?? [];
    const fits = x.rank === wanted.length && wanted.every((n, axis) => n === null || n === x.shape[axis]);
    if (fits) return;
    const shape = wanted.map((n, axis) => n ?? (axis === 0 ? 'B' : 'any'));
    throw new GatewiseError(
      'GW_TRAIN_SHAPE',
      `got x [${x.shape}], wanted [${shape}], the input "${model.inputNames[i]}" of model "${model.name}"; ` +
        'fix the data, or the inputShape of the first layer',
    );
  });
  return inputs;
}
