import { join } from 'node:path';
import { GatewiseError } from '@gatewise/core';
import { definePlugin, type Plugin, type PluginStates, Tokens, type Trainable } from '@gatewise/plugin';
import { readCheckpoint, restoreWeights, writeCheckpoint } from './training.js';
import { watch } from './watch.js';

export interface CheckpointOptions {
  /** Holds `last` and `best`; made where it is missing. */
  readonly folder: string;
  /** What `best` is chosen by: a number of an epoch's logs. Default `valLoss`, or `loss` where nothing is validated. */
  readonly monitor?: string | undefined;
  /** Whether smaller or larger is better. Default `min`. */
  readonly mode?: 'min' | 'max' | undefined;
  /** Saves `last` every so many steps too, not only at the end of an epoch. */
  readonly everySteps?: number | undefined;
  /** Starts from a checkpoint in `folder`: its weights and its plugins' states. */
  readonly resume?: 'last' | 'best' | undefined;
}

function checked(options: CheckpointOptions): CheckpointOptions {
  const { folder, mode = 'min', everySteps = 1, resume = 'last' } = options;
  const refuse = (what: string) => new GatewiseError('GW_CHECKPOINT_OPTIONS', what);
  if (typeof folder !== 'string' || folder === '')
    throw refuse(`got folder "${folder}", wanted a path, such as runs/a`);
  if (mode !== 'min' && mode !== 'max') throw refuse(`got mode "${mode}", wanted "min" or "max"`);
  if (!Number.isInteger(everySteps) || everySteps < 1) {
    throw refuse(`got everySteps ${everySteps}, wanted a whole number, 1 or more`);
  }
  if (resume !== 'last' && resume !== 'best') throw refuse(`got resume "${resume}", wanted "last" or "best"`);
  return options;
}

/** The hooks of one run. */
function checkpointHooks(options: CheckpointOptions, model: Trainable, states: PluginStates) {
  const { folder, monitor, mode = 'min', everySteps, resume } = options;
  const watched = watch(monitor, mode);
  let savedStep = -1;
  const write = (name: 'last' | 'best', epoch: number, step: number) =>
    writeCheckpoint(join(folder, name), model, { epoch, step, best: watched.best(), plugins: states.save() });
  const saveLast = async (epoch: number, step: number) => {
    await write('last', epoch, step);
    savedStep = step;
  };
  let epochNow = 0;
  return {
    // After the others, so that their states are those of this epoch.
    order: 'post',
    async onTrainBegin() {
      if (resume === undefined) return;
      const checkpoint = await readCheckpoint(join(folder, resume));
      restoreWeights(checkpoint, model);
      states.load(checkpoint.training.plugins);
    },
    onEpochBegin: watched.refuseUnknown,
    async onBatchEnd({ epoch, step }) {
      epochNow = epoch;
      if (everySteps !== undefined && step % everySteps === 0) await saveLast(epoch, step);
    },
    async onEpochEnd({ epoch, step, logs }) {
      const improved = watched.improves(logs);
      await saveLast(epoch, step);
      if (improved) await write('best', epoch, step);
    },
    async onTrainEnd({ step }, end) {
      // A run that failed may have damaged weights: what was saved last stays.
      if (end.reason !== 'failed' && step !== savedStep) await saveLast(epochNow, step);
      if (end.reason === 'completed') watched.refuseUnknown();
    },
    saveState: () => {
      const best = watched.best();
      return best && { ...best };
    },
    loadState: watched.restore,
  } satisfies Omit<Plugin, 'name'>;
}

const plugin = definePlugin('checkpoint', checkpointHooks, [Tokens.Model, Tokens.PluginStates]);

/**
 * Saves `<folder>/last` after every epoch and `<folder>/best` when the watched number is better than ever (NaN never is):
 * the model in tf.js' own layout, `training.json` and checksums. A folder is written beside the old one, flushed and
 * renamed, so one whole checkpoint is there at every moment. For Node.
 * Errors: `GW_CHECKPOINT_WRITE`, `GW_CHECKPOINT_MONITOR`, `GW_CHECKPOINT_OPTIONS`, and with `resume` those of `loadCheckpoint`.
 *
 * @example
 * await train(model, batches, { validation, plugins: [checkpoint({ folder: 'runs/first' })] });
 * const best = await tf.loadLayersModel(modelFolder('runs/first/best'));
 */
export const checkpoint = (options: CheckpointOptions) => plugin(checked(options));
