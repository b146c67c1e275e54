import { GatewiseError } from '@gatewise/core';
import { definePlugin, type Json, type Plugin, type TrainContext } from '@gatewise/plugin';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

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
type Checked = { readonly [K in keyof Required<EarlyStoppingOptions>]: NonNullable<EarlyStoppingOptions[K]> };

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

/** A copy of the best weights, by name. */
function snapshot() {
  const copies = new Map<string, Tensor>();
  const clear = () => {
    tf.dispose([...copies.values()]);
    copies.clear();
  };
  return {
    clear,
    take(weights: TrainContext['weights']) {
      clear();
      // A true copy, not a clone: an engine may update a weight in place.
      for (const [name, w] of Object.entries(weights)) copies.set(name, tf.keep(tf.mul(w, 1)));
    },
    /** Puts the copy back; nothing happens where there is none. */
    restore(weights: TrainContext['weights']) {
      for (const [name, copy] of copies) weights[name]?.assign(copy);
    },
  };
}

interface State {
  /** The best value so far; null before the first finite one. */
  best: number | null;
  /** Where it was reached. */
  bestEpoch: number;
  /** Epochs since. */
  waited: number;
}

function readState(json: Json): State {
  const state = json as unknown as State | null;
  const number = (v: unknown) => typeof v === 'number' && Number.isFinite(v);
  if (
    state &&
    (state.best === null || number(state.best)) &&
    number(state.bestEpoch) &&
    number(state.waited)
  ) {
    return { best: state.best, bestEpoch: state.bestEpoch, waited: state.waited };
  }
  const got = JSON.stringify(json);
  throw new GatewiseError(
    'GW_EARLY_STOPPING_STATE',
    `got ${got}, wanted { best, bestEpoch, waited } of numbers`,
  );
}

/** The hooks of one run. */
export function earlyStoppingHooks({ monitor, patience, minDelta, mode, restoreBest }: Checked) {
  let state: State = { best: null, bestEpoch: 0, waited: 0 };
  const best = snapshot();
  let seen = false;
  /** Names of the logs of an epoch without the number. A run that ends early is not validated, so that alone is no error. */
  let names: readonly string[] | undefined;
  const refuseUnknown = () => {
    if (names && !seen) throw unknownMonitor(monitor, names);
  };
  const improves = (value: number) => {
    if (!Number.isFinite(value)) return false;
    if (state.best === null) return true;
    return mode === 'min' ? value < state.best - minDelta : value > state.best + minDelta;
  };
  return {
    onEpochBegin: refuseUnknown,
    onEpochEnd(ctx) {
      const value = ctx.logs[monitor];
      if (value === undefined) {
        names = Object.keys(ctx.logs);
        return;
      }
      seen = true;
      if (improves(value)) {
        state = { best: value, bestEpoch: ctx.epoch, waited: 0 };
        if (restoreBest) best.take(ctx.weights);
        return;
      }
      state.waited++;
      if (state.waited < patience) return;
      const reached =
        state.best === null ? 'it was never finite' : `best ${state.best} in epoch ${state.bestEpoch + 1}`;
      ctx.stop(
        `${monitor} did not improve for ${state.waited} ${state.waited === 1 ? 'epoch' : 'epochs'}; ${reached}`,
      );
    },
    onTrainEnd(ctx, end) {
      if (end.reason !== 'failed') best.restore(ctx.weights);
      best.clear();
      if (end.reason === 'completed') refuseUnknown();
    },
    saveState: () => ({ ...state }),
    loadState(json) {
      state = readState(json);
    },
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
