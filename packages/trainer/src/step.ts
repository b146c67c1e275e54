import { GatewiseError } from '@gatewise/core';
import type { Batch, BatchContext, Gradients, Trainable } from '@gatewise/plugin';
import { withRun } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { setLearningRate } from './learning-rate.js';
import type { Report } from './logs.js';
import type { PluginDriver } from './plugin-driver.js';
import { StateGradients } from './state-gradients.js';

export interface Learner {
  readonly model: Trainable;
  /** Trainable weights by name. */
  readonly variables: Readonly<Record<string, tf.Variable>>;
  readonly optimizer: tf.Optimizer;
  readonly driver: PluginDriver;
}

/**
 * One step: batch, loss, gradients, update; false where a plugin skipped the update. The batch stays the caller's.
 * `beforeApply` runs after `beforeUpdate` and may throw to keep the weights as they are.
 */
export async function learn(
  learner: Learner,
  batch: Batch,
  context: BatchContext,
  report: Report,
  beforeApply: () => void,
): Promise<boolean> {
  const { driver, optimizer, variables } = learner;
  const stats = new StateGradients();
  let gradients: Gradients | null = null;
  try {
    gradients = computeGradients(learner, batch, context, report, stats);
    if (gradients === null) return false;
    const rate = driver.provide('provideLearningRate', context);
    if (rate !== undefined) setLearningRate(optimizer, rate);
    await driver.observe('beforeUpdate', stats, context);
    beforeApply();
    const named = Object.entries(gradients).map(([name, tensor]) => ({
      name: (variables[name] as tf.Variable).name,
      tensor,
    }));
    optimizer.applyGradients(named);
    return true;
  } finally {
    stats.dispose();
    tf.dispose(gradients as tf.TensorContainer);
  }
}

/** Synchronous; the gradients are the caller's to dispose of. */
function computeGradients(
  { model, variables, driver }: Learner,
  batch: Batch,
  context: BatchContext,
  report: Report,
  stats: StateGradients,
): Gradients | null {
  const { seed, step } = context;
  const probed = driver.provide('provideProbe', context) === true;
  const run = {
    seed,
    step,
    training: true,
    regularisers: (layer: { readonly name: string; readonly units: number }) =>
      driver.provide('provideRegularisers', layer, context) ?? {},
    ...(probed ? { onStateGradients: stats.add } : {}),
  };
  const body = () => {
    const transformed = driver.transform('transformBatch', batch, context);
    const gradients = differentiate(variables, () => {
      const loss = checkLoss(model.loss(transformed, true));
      report.set('loss', loss);
      return driver.transform('transformLoss', loss, context);
    });
    return driver.transform('transformGradients', gradients, context) as tf.TensorContainer;
  };
  return withRun(run, () => tf.tidy(body)) as Gradients | null;
}

/** ∂loss/∂w by weight name, in the order of the weights; zeros where the loss does not depend on one. */
function differentiate(variables: Readonly<Record<string, tf.Variable>>, loss: () => tf.Scalar): Gradients {
  const { grads } = taped(() => tf.variableGrads(loss, Object.values(variables)));
  return Object.fromEntries(
    Object.entries(variables).map(([name, variable]) => [
      name,
      grads[variable.name] ?? tf.zerosLike(variable),
    ]),
  );
}

/** tf.js leaves what its tape saved when the loss throws: that is disposed of here. */
function taped<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    const { state } = tf.engine();
    if (state.gradientDepth === 0) {
      for (const node of state.activeTape ?? []) tf.dispose(node.saved ?? []);
      state.activeTape = [];
    }
    if (error instanceof Error && error.message.startsWith('Cannot find a connection')) {
      throw new GatewiseError(
        'GW_TRAIN_NO_GRADIENT',
        'got a loss that depends on no weight, wanted one computed from them; was it read to the host on the way?',
        { cause: error },
      );
    }
    throw error;
  }
}

/** Errors: `GW_TRAIN_LOSS` for anything but a scalar. */
export function checkLoss(loss: tf.Scalar): tf.Scalar {
  if (loss instanceof tf.Tensor && loss.rank === 0) return loss;
  const got =
    (loss as unknown) instanceof tf.Tensor ? `a tensor [${(loss as tf.Tensor).shape}]` : `a ${typeof loss}`;
  throw new GatewiseError(
    'GW_TRAIN_LOSS',
    `got ${got} from the model's loss, wanted a scalar tensor, at once; take the mean, and do not make loss() async`,
  );
}
