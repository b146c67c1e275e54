import { GatewiseError } from '@gatewise/core';
import { definePlugin, type Plugin } from '@gatewise/plugin';
import { type PatienceOptions, patienceWith } from './patience.js';
import { snapshot } from './snapshot.js';

export interface EarlyStoppingOptions {
  /** Epochs in a row without improvement after which training stops; 1 or more. */
  readonly patience: number;
  /** The number of an epoch's logs to watch. Default `valLoss`. */
  readonly monitor?: string | undefined;
  /** An improvement is larger than this. Default 0. */
  readonly minDelta?: number | undefined;
  /** Whether smaller or larger is better. Default `min`. */
  readonly mode?: 'min' | 'max' | undefined;
  /** Puts the weights of the best epoch back at the end. Default false. */
  readonly restoreBest?: boolean | undefined;
}
interface Checked extends PatienceOptions {
  readonly monitor: string;
  readonly restoreBest: boolean;
}

function checked(options: EarlyStoppingOptions): Checked {
  const { patience, monitor = 'valLoss', minDelta = 0, mode = 'min', restoreBest = false } = options;
  const refuse = (what: string) => new GatewiseError('GW_EARLY_STOPPING_OPTIONS', what);
  if (!Number.isInteger(patience) || patience < 1) {
    throw refuse(`got patience ${patience}, wanted a whole number of epochs, 1 or more`);
  }
  if (!(minDelta >= 0 && Number.isFinite(minDelta))) {
    throw refuse(`got minDelta ${minDelta}, wanted a number of at least 0; mode gives the direction`);
  }
  if (mode !== 'min' && mode !== 'max') throw refuse(`got mode "${mode}", wanted "min" or "max"`);
  return { patience, monitor, minDelta, mode, restoreBest };
}

/** The hooks of one run. */
export function earlyStoppingHooks(options: Checked) {
  const { monitor, restoreBest } = options;
  const patience = patienceWith(options);
  const best = snapshot();
  let seen = false;
  /** Names of the logs of an epoch without the number. A run that ends early is not validated, so that alone is no error. */
  let names: readonly string[] | undefined;
  const refuseUnknown = () => {
    if (names && !seen) throw unknownMonitor(monitor, names);
  };
  return {
    onEpochBegin: refuseUnknown,
    onEpochEnd({ logs, epoch, weights, stop }) {
      const value = logs[monitor];
      if (value === undefined) {
        names = Object.keys(logs);
        return;
      }
      seen = true;
      if (patience.improved(value, epoch)) {
        if (restoreBest) best.take(weights);
      } else if (patience.isOver()) stop(`${monitor} ${patience.describe()}`);
    },
    onTrainEnd({ weights }, end) {
      if (end.reason !== 'failed') best.restore(weights);
      best.clear();
      if (end.reason === 'completed') refuseUnknown();
    },
    saveState: () => ({ ...patience.state() }),
    loadState: patience.restore,
    dispose: best.clear,
  } satisfies Partial<Plugin>;
}

function unknownMonitor(monitor: string, names: readonly string[]) {
  const fix = monitor.startsWith('val')
    ? 'give train() validation batches, or monitor "loss"'
    : 'name one of these';
  return new GatewiseError(
    'GW_EARLY_STOPPING_MONITOR',
    `got no "${monitor}" in the logs of an epoch, wanted one of ${names.join(', ')}; ${fix}`,
  );
}

const plugin = definePlugin('early-stopping', (options: Checked) => earlyStoppingHooks(options));

/**
 * Stops when a watched number has not improved for `patience` epochs; NaN counts as no improvement.
 * With `restoreBest` the weights end as they were in the best epoch (seen in this run: a checkpoint holds the count, not the copy).
 * Errors: `GW_EARLY_STOPPING_OPTIONS`, `GW_EARLY_STOPPING_MONITOR`, `GW_EARLY_STOPPING_STATE`.
 *
 * @example
 * await train(model, batches, { validation, plugins: [earlyStopping({ patience: 3, restoreBest: true })] });
 */
export const earlyStopping = (options: EarlyStoppingOptions) => plugin(checked(options));
