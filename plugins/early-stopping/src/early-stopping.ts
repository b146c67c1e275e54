import { GatewiseError } from '@gatewise/core';
import {
  checkPatience,
  definePlugin,
  type Json,
  monitorOf,
  type NamedTensors,
  type PatienceOptions,
  type Plugin,
  patienceWith,
} from '@gatewise/plugin';
import { snapshot } from './snapshot.js';

export interface EarlyStoppingOptions extends PatienceOptions {
  /** The number of an epoch's logs to watch. Default `valLoss`. */
  readonly monitor?: string | undefined;
  /** Puts the weights of the best epoch back at the end. Default false. */
  readonly restoreBest?: boolean | undefined;
}
type Checked = { readonly [K in keyof EarlyStoppingOptions]-?: NonNullable<EarlyStoppingOptions[K]> };

function checked(options: EarlyStoppingOptions): Checked {
  const { monitor = 'valLoss', restoreBest = false } = options;
  const refuse = (what: string) => new GatewiseError('GW_EARLY_STOPPING_OPTIONS', what);
  return { ...(checkPatience(options, refuse) as Checked), monitor, restoreBest };
}

/** The hooks of one run. */
export function earlyStoppingHooks(options: Checked) {
  const { monitor, restoreBest } = options;
  const patience = patienceWith(options, (what) => new GatewiseError('GW_EARLY_STOPPING_STATE', what));
  const best = snapshot();
  const watched = monitorOf(monitor, (what) => new GatewiseError('GW_EARLY_STOPPING_MONITOR', what));
  return {
    onEpochBegin({ validateEvery }) {
      if (!validateEvery) watched.refuseUnknown();
    },
    onEpochEnd({ logs, epoch, weights, stop }) {
      const value = watched.read(logs);
      if (value === undefined) return;
      if (patience.improved(value, epoch)) {
        if (restoreBest) best.take(weights);
      } else if (patience.isOver()) stop(`${monitor} ${patience.describe()}`);
    },
    onTrainEnd({ weights }, end) {
      if (end.reason !== 'failed') best.restore(weights);
      best.clear();
      if (end.reason === 'completed') watched.refuseUnknown();
    },
    saveState: patience.state,
    loadState: (state: Json) => patience.restore(state),
    saveTensors: best.tensors,
    loadTensors: (saved: NamedTensors) => best.take(saved),
    dispose: best.clear,
  } satisfies Partial<Plugin>;
}

const plugin = definePlugin('early-stopping', (options: Checked) => earlyStoppingHooks(options));

/**
 * Stops when a watched number has not improved for `patience` epochs; NaN counts as no improvement.
 * With `restoreBest` the weights end as they were in the best epoch; a checkpoint holds them too.
 * Errors: `GW_EARLY_STOPPING_OPTIONS`, `GW_EARLY_STOPPING_MONITOR`, `GW_EARLY_STOPPING_STATE`.
 *
 * @example
 * await train(model, batches, { validation, plugins: [earlyStopping({ patience: 3, restoreBest: true })] });
 */
export const earlyStopping = (options: EarlyStoppingOptions) => plugin(checked(options));
