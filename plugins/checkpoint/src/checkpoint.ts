import { join } from 'node:path';
import { GatewiseError } from '@gatewise/core';
import {
  definePlugin,
  type Logs,
  type Plugin,
  type PluginStates,
  Tokens,
  type Trainable,
} from '@gatewise/plugin';
import { readCheckpoint, restoreWeights, type Training, writeCheckpoint } from './training.js';

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

/** Which epochs are better than those before. */
function watch(monitor: string | undefined, mode: 'min' | 'max') {
  let best: Training['best'] = null;
  /** Names of the logs of an epoch without the number. A run that ends early is not validated, so that alone is no error. */
  let names: readonly string[] | undefined;
  return {
    best: () => best,
    improves(logs: Logs): boolean {
      const name = monitor ?? (logs.valLoss === undefined ? 'loss' : 'valLoss');
      const value = logs[name];
      if (value === undefined) names = Object.keys(logs);
      // NaN is never better.
      if (value === undefined || !Number.isFinite(value)) return false;
      if (best && best.monitor !== name) {
        // The epoch was not validated: its training loss is no match for a validation loss.
        if (monitor === undefined && name === 'loss') return false;
        best = null;
      }
      if (best && !(mode === 'min' ? value < best.value : value > best.value)) return false;
      best = { monitor: name, value };
      return true;
    },
    refuseUnknown() {
      if (monitor === undefined || names === undefined || best) return;
      const what = `got no "${monitor}" in the logs of an epoch, wanted one of ${names.join(', ')}; name one of these`;
      throw new GatewiseError('GW_CHECKPOINT_MONITOR', what);
    },
    restore(state: unknown) {
      best = readBest(state);
    },
  };
}

/** The hooks of one run. */
export function checkpointHooks(options: CheckpointOptions, model: Trainable, states: PluginStates) {
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

function readBest(state: unknown): Training['best'] {
  if (state === null) return null;
  const { monitor, value } = (state ?? {}) as { monitor?: unknown; value?: unknown };
  if (typeof monitor === 'string' && typeof value === 'number') return { monitor, value };
  throw new GatewiseError(
    'GW_CHECKPOINT_STATE',
    `got ${JSON.stringify(state)}, wanted { monitor, value } or null`,
  );
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
