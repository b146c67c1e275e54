import { GatewiseError } from '@gatewise/core';
import { RuleOptimizer } from '@gatewise/optimisers';
import { type Clock, type Logs, Tokens, type Trainable, type TrainEnd } from '@gatewise/plugin';
import type { Variable } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { adviseOptimizer } from './advise-optimizer.js';
import { asTrainable } from './as-trainable.js';
import { type Batches, countBatches } from './batches.js';
import { type Chosen, chooseBatches } from './choose-batches.js';
import type { Plan } from './contexts.js';
import { interruptibly } from './interrupt.js';
import { readMaxTime } from './max-time.js';
import { readMetrics } from './metrics.js';
import type { PluginDriver } from './plugin-driver.js';
import { PluginScope } from './plugin-scope.js';
import type { Ranks } from './ranks.js';
import { Team } from './ranks-team.js';
import { runInfo } from './run-info.js';
import { TrainLoop } from './train-loop.js';
import { checkOptions, type TrainOptions } from './train-options.js';

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
 * A run that ends within an epoch still gets `onEpochEnd`; `steps`, `maxTime` and Ctrl-C have it validated too, `stop` and
 * `signal` do not.
 * Errors: `GW_TRAIN_…` for bad input and for a loss of NaN or infinity, `GW_PLUGIN_…`, and what model or data throw.
 *
 * @example
 * const optimizer = adam({ learningRate: 2e-3 }); // of @gatewise/optimisers
 * const result = await train(model, batches, { loss: 'softmaxCrossEntropy', epochs: 3, optimizer, plugins: [progress()] });
 */
export async function train(
  model: Trainable | LayersModel,
  batches: Batches,
  given: TrainOptions,
): Promise<TrainResult> {
  checkOptions(given);
  const options = given.fastDevRun ? { ...given, epochs: 1, steps: 1 } : given;
  adviseOptimizer(options.optimizer);
  const trainee = asTrainable(model, options);
  const weights = trainableWeights(trainee);
  if (RuleOptimizer.is(options.optimizer)) options.optimizer.nameWeights(weights);
  const scope = new PluginScope(
    trainee,
    options.optimizer,
    options.seed ?? 0,
    options.container,
    options.fastDevRun,
  );
  const chosen = chooseBatches(batches, options);
  const team = new Team();
  let result: TrainResult;
  try {
    result = await runPlugins(scope, trainee, weights, chosen, options, team);
  } catch (error) {
    // The first error is the one to tell.
    await scope.close();
    team.end(error);
    throw error;
  } finally {
    chosen.dispose();
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
  chosen: Chosen,
  given: TrainOptions,
  team: Team,
): Promise<TrainResult> {
  const { modules, communicator } = await scope.load(given.plugins ?? []);
  const seed = await team.join(communicator, given.seed ?? 0);
  const { ranks } = team;
  const options = { ...given, seed };
  const { optimizer, signal, validateEvery, interruptible } = options;
  const { batches, validation } = team.shares(chosen);
  const info = (plugins: readonly string[]) => runInfo(batches, options, plugins);
  scope.bindRunInfo(info);
  const driver = await scope.open(modules, seed);
  const metrics = readMetrics(options.metrics);
  const loop = new TrainLoop(
    { model, variables, optimizer, driver, metrics },
    makePlan(variables, batches, options, ranks),
    {
      batches,
      validation,
      validateEvery,
      signal,
      limit: options.steps ?? Number.POSITIVE_INFINITY,
      time: limitOfTime(options, scope.get(Tokens.Clock)),
      identity: {
        seed,
        loss: typeof options.loss === 'string' ? options.loss : null,
        batchesPerEpoch: countBatches(batches) ?? null,
      },
      ranks,
      info: () => info(driver.plugins.map(({ name }) => name)),
      random: scope.get(Tokens.Random),
      logger: scope.get(Tokens.Logger),
    },
  );
  scope.bindRunState(loop.saver);
  const interrupt = () => {
    scope
      .get(Tokens.Logger)
      .warn('ending this epoch in order after the step under way; Ctrl-C again ends at once');
    loop.finish('interrupted');
  };
  return interruptibly(interruptible, interrupt, () => runLoop(loop, driver));
}

async function runLoop(loop: TrainLoop, driver: PluginDriver): Promise<TrainResult> {
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

function limitOfTime({ maxTime }: TrainOptions, clock: Clock) {
  if (maxTime === undefined) return undefined;
  const end = clock.elapsed() + readMaxTime(maxTime);
  return { why: `maxTime ${maxTime} is over`, over: () => clock.elapsed() >= end };
}

function makePlan(
  weights: Readonly<Record<string, Variable>>,
  batches: Batches,
  options: TrainOptions,
  ranks: Ranks | undefined,
): Plan {
  const { epochs, seed = 0, steps = Number.POSITIVE_INFINITY, fastDevRun, validateEvery } = options;
  const planned = Math.min(steps, (countBatches(batches) ?? Number.POSITIVE_INFINITY) * epochs);
  return {
    ...{ weights, epochs, seed },
    ...(Number.isFinite(planned) && { steps: planned }),
    // who is not rank 0 writes nothing
    ...((fastDevRun || (ranks && ranks.rank > 0)) && { dryRun: true }),
    ...(validateEvery && { validateEvery }),
  };
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
