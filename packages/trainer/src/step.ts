import { GatewiseError, type LayerInfo } from '@gatewise/core';
import type { Batch, BatchContext, Gradients, Providers, Trainable } from '@gatewise/plugin';
import { type LayerOutputs, type Run, withRun } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { setLearningRate } from './learning-rate.js';
import type { Report } from './logs.js';
import { Measured } from './measure.js';
import type { Metric } from './metrics.js';
import type { PluginDriver } from './plugin-driver.js';
import type { StepReduction } from './ranks-step.js';
import { StateGradients } from './state-gradients.js';

export interface Learner {
  readonly model: Trainable;
  /** Trainable weights by name. */
  readonly variables: Readonly<Record<string, tf.Variable>>;
  readonly optimizer: tf.Optimizer;
  readonly driver: PluginDriver;
  readonly metrics: readonly Metric[];
  /** Where there are several ranks whose gradients become one. */
  readonly reduction?: StepReduction | undefined;
  /** Of what is drawn for each row, such as dropout, where it is not the run's: another one for each rank. */
  readonly seed?: number | undefined;
}

/** What became of a step's gradients. */
export type Outcome = 'updated' | 'skipped' | 'later';

/**
 * One step: batch, loss, gradients, update, unless a plugin skipped it or put it off. The batch stays the caller's.
 * `beforeApply` runs after `beforeUpdate` and may throw to keep the weights as they are.
 */
export async function learn(
  learner: Learner,
  batch: Batch,
  context: BatchContext,
  report: Report,
  targets: { count: number },
  beforeApply: () => void,
): Promise<Outcome> {
  const { driver, optimizer } = learner;
  const { times } = driver;
  const stats = new StateGradients();
  try {
    times.enter('forward and backward');
    const local = computeGradients(learner, batch, context, report, stats);
    times.leave();
    const gradients = learner.reduction
      ? await reduce(learner, batch, context, report, local, targets)
      : local;
    if (gradients === null) return 'skipped';
    if (gradients === 'later') return 'later';
    stats.gradients = gradients;
    const rate = driver.provide('provideLearningRate', context);
    if (rate !== undefined) setLearningRate(optimizer, rate);
    await driver.beforeUpdate(stats, context);
    if (stats.skipped) return 'skipped';
    beforeApply();
    times.enter('update');
    update(learner, gradients);
    times.leave();
    return 'updated';
  } finally {
    tf.dispose(stats.gradients as tf.TensorContainer);
    stats.dispose();
  }
}

/** What all ranks have together of what `pre` plugins left of their gradients, for the other plugins. */
async function reduce(
  { driver, reduction }: Learner,
  batch: Batch,
  context: BatchContext,
  report: Report,
  local: Gradients | null | 'later',
  targets: { count: number },
): Promise<Gradients | null | 'later'> {
  driver.times.enter('between ranks');
  const rows = batch.y.shape[0] ?? 1;
  const all = await (reduction as StepReduction).step(local, report, targets.count, rows);
  targets.count = all.targets;
  driver.times.leave();
  if (all.g === null || all.g === 'later') return all.g;
  const given = all.g;
  const others = () => driver.transform('transformGradients', given, context, 'later') as tf.TensorContainer;
  const result = tf.tidy(others) as Gradients | null | 'later';
  const kept = new Set(result === null || result === 'later' ? [] : Object.values(result));
  tf.dispose(Object.values(given).filter((g) => !kept.has(g)));
  return result;
}

function update({ optimizer, variables }: Learner, gradients: Gradients): void {
  const named = Object.entries(gradients).map(([name, tensor]) => ({
    name: (variables[name] as tf.Variable).name,
    tensor,
  }));
  optimizer.applyGradients(named);
}

/** Synchronous; the gradients are the caller's to dispose of. */
function computeGradients(
  { model, variables, driver, metrics, reduction, seed }: Learner,
  batch: Batch,
  context: BatchContext,
  report: Report,
  stats: StateGradients,
): Gradients | null | 'later' {
  const penalties: tf.Scalar[] = [];
  const measured = new Measured(metrics, model);
  const run = runOf(driver, context, seed ?? context.seed, stats, penalties);
  const body = () => {
    const transformed = driver.transform('transformBatch', batch, context);
    const gradients = differentiate(variables, () => {
      const loss = measured.loss(transformed, true);
      report.set('loss', loss);
      const penalised = penalties.reduce((sum, penalty) => tf.add(sum, penalty) as tf.Scalar, loss);
      return driver.transform('transformLoss', penalised, context);
    });
    measured.report(report, batch.y.shape[0] ?? 1, context.size);
    return driver.transform(
      'transformGradients',
      gradients,
      context,
      reduction ? 'pre' : 'all',
    ) as tf.TensorContainer;
  };
  try {
    return withRun(run, () => tf.tidy(body)) as Gradients | null | 'later';
  } finally {
    tf.dispose(penalties);
    measured.dispose();
  }
}
/** What layers find in the run slot in a training step; penalties of their outputs are put into `penalties`. */
function runOf(
  driver: PluginDriver,
  context: BatchContext,
  seed: number,
  stats: StateGradients,
  penalties: tf.Scalar[],
): Run {
  const { step } = context;
  const probed = driver.provide('provideProbe', context) === true;
  return {
    seed,
    step,
    training: true,
    regularisers: (layer: LayerInfo) => driver.provide('provideRegularisers', layer, context) ?? {},
    ...(probed ? { onStateGradients: stats.add, onRecur: stats.keep } : {}),
    ...(driver.has('providePenalty') && {
      onOutputs: (layer: LayerInfo, outputs: LayerOutputs) => {
        const penalty = driver.provide('providePenalty', layer, outputs as PenaltyOutputs, context);
        // the tidy of the layer must leave it
        if (penalty) penalties.push(tf.keep(penalty));
      },
    }),
  };
}
type PenaltyOutputs = Parameters<Providers['providePenalty']>[1];

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
