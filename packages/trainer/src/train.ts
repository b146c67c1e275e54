import { GatewiseError } from '@gatewise/core';
import type { Logs, Trainable, TrainEnd } from '@gatewise/plugin';
import type { Optimizer, Variable } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Container } from 'inversify';
import { adviseOptimizer } from './advise-optimizer.js';
import { type Batches, countBatches } from './batches.js';
import type { Plan } from './contexts.js';
import { type PluginList, PluginScope } from './plugin-scope.js';
import { TrainLoop } from './train-loop.js';
import { isLayersModel, type TrainableOptions, trainable } from './trainable.js';

export interface TrainOptions extends TrainableOptions {
  /** Passes over the batches; may be Infinity together with `steps`. */
  readonly epochs: number;
  /** Most steps in the whole run. */
  readonly steps?: number;
  /** One of @gatewise/optimisers, or any of tf.js; it stays the caller's to dispose of. */
  readonly optimizer: Optimizer;
  readonly plugins?: PluginList;
  /** Held-out batches, scored after each epoch as `valLoss`. */
  readonly validation?: Batches;
  /** Seeds every random number of the run; 0 where absent. */
  readonly seed?: number;
  /** Parent of the run's container: services for plugins to inject. */
  readonly container?: Container;
  /** Ends training after the step under way. */
  readonly signal?: AbortSignal;
}

/** How a run ended, and its numbers: `history` has the logs of each epoch. */
export type TrainResult = Exclude<TrainEnd, { reason: 'failed' }> & {
  readonly epochs: number;
  readonly steps: number;
  /** Steps whose update a plugin skipped. */
  readonly skipped: number;
  readonly history: readonly Logs[];
};

/**
 * Trains a model, composed of plugins. Batches are disposed of after their step; model and optimizer stay the caller's.
 * A run that `stop`, `signal` or `steps` ends still gets `onEpochEnd`; validation only where it was not stopped.
 * Errors: `GW_TRAIN_…` for bad input and for a loss of NaN or infinity, `GW_PLUGIN_…`, and what model or data throw.
 *
 * @example
 * const optimizer = adam({ learningRate: 2e-3 }); // of @gatewise/optimisers
 * const result = await train(model, batches, { loss: 'softmaxCrossEntropy', epochs: 3, optimizer, plugins: [progress()] });
 */
export async function train(
  model: Trainable | LayersModel,
  batches: Batches,
  options: TrainOptions,
): Promise<TrainResult> {
  checkOptions(options);
  adviseOptimizer(options.optimizer);
  const trainee = asTrainable(model, options);
  const weights = trainableWeights(trainee);
  const scope = new PluginScope(trainee, options.optimizer, options.seed ?? 0, options.container);
  let result: TrainResult;
  try {
    result = await runPlugins(scope, trainee, weights, batches, options);
  } catch (error) {
    // The first error is the one to tell.
    await scope.close();
    throw error;
  }
  const errors = await scope.close();
  if (errors.length > 1) throw new AggregateError(errors, errors.map((error) => error.message).join('\n'));
  if (errors[0]) throw errors[0];
  return result;
}

async function runPlugins(
  scope: PluginScope,
  model: Trainable,
  variables: Readonly<Record<string, Variable>>,
  batches: Batches,
  options: TrainOptions,
): Promise<TrainResult> {
  const { seed = 0, optimizer, validation, signal } = options;
  const driver = await scope.open(options.plugins ?? [], seed);
  const loop = new TrainLoop({ model, variables, optimizer, driver }, makePlan(variables, batches, options), {
    batches,
    validation,
    signal,
    limit: options.steps ?? Number.POSITIVE_INFINITY,
  });
  let end: TrainEnd;
  let thrown: unknown;
  try {
    end = await loop.run();
  } catch (error) {
    thrown = error;
    end = {
      reason: 'failed',
      error: error instanceof Error ? error : new Error(String(error), { cause: error }),
    };
  }
  const errors = await driver.observeAll('onTrainEnd', loop.contexts.train, end);
  loop.progress.report.dispose();
  if (end.reason === 'failed') throw thrown;
  if (errors[0]) throw errors[0];
  const { step: steps, skipped } = loop.progress;
  return { ...end, epochs: loop.history.length, steps, skipped, history: loop.history };
}

function makePlan(
  weights: Readonly<Record<string, Variable>>,
  batches: Batches,
  options: TrainOptions,
): Plan {
  const { epochs, seed = 0, steps = Number.POSITIVE_INFINITY } = options;
  const planned = Math.min(steps, (countBatches(batches) ?? Number.POSITIVE_INFINITY) * epochs);
  return Number.isFinite(planned) ? { weights, epochs, seed, steps: planned } : { weights, epochs, seed };
}

function asTrainable(model: Trainable | LayersModel, { loss }: TrainableOptions): Trainable {
  if (isLayersModel(model)) return trainable(model, loss === undefined ? {} : { loss });
  if (typeof model?.loss !== 'function' || typeof model.weights !== 'object') {
    throw new GatewiseError(
      'GW_TRAIN_MODEL',
      `got a ${typeof model} as the model, wanted a tf.layers model, or a Trainable { name, weights, loss(batch, training) }`,
    );
  }
  if (loss !== undefined) {
    throw new GatewiseError(
      'GW_TRAIN_LOSS',
      `got a loss for "${model.name}", which brings its own, wanted none; give it to trainable() or carried() instead`,
    );
  }
  return model;
}

/** Errors: `GW_TRAIN_NO_WEIGHTS`, `GW_TRAIN_DISPOSED`. */
function trainableWeights({ name, weights }: Trainable): Readonly<Record<string, Variable>> {
  const named = Object.entries(weights).filter(([, variable]) => variable.trainable);
  if (named.length === 0) {
    throw new GatewiseError(
      'GW_TRAIN_NO_WEIGHTS',
      `got model "${name}" without trainable weights, wanted at least one; are all its layers frozen?`,
    );
  }
  const gone = named.find(([, variable]) => variable.isDisposed);
  if (gone) {
    throw new GatewiseError(
      'GW_TRAIN_DISPOSED',
      `got weight "${gone[0]}" of model "${name}" after it was disposed of; build the model anew`,
    );
  }
  return Object.fromEntries(named);
}

function checkOptions({ epochs, steps, optimizer }: TrainOptions): void {
  const whole = Number.isInteger(epochs) || (epochs === Number.POSITIVE_INFINITY && steps !== undefined);
  if (!whole || epochs < 1) {
    throw new GatewiseError(
      'GW_TRAIN_EPOCHS',
      `got epochs ${epochs}, wanted a whole number from 1; Infinity needs steps`,
    );
  }
  if (steps !== undefined && (!Number.isInteger(steps) || steps < 1)) {
    throw new GatewiseError('GW_TRAIN_STEPS', `got steps ${steps}, wanted a whole number from 1, or none`);
  }
  if (typeof optimizer?.applyGradients !== 'function') {
    throw new GatewiseError(
      'GW_TRAIN_OPTIMIZER',
      `got a ${typeof optimizer} as optimizer, wanted one of @gatewise/optimisers, such as adam({ learningRate: 2e-3 }), or of tf.train`,
    );
  }
}
