import { GatewiseError } from '@gatewise/core';
import {
  type BatchContext,
  checkPatience,
  type EpochContext,
  type Json,
  monitorOf,
  type PatienceOptions,
  type Plugin,
  patienceWith,
} from '@gatewise/plugin';
import { positive, rateOf } from './rules.js';

export interface PlateauOptions extends PatienceOptions {
  /** η₀, at least 0. */
  readonly rate: number;
  /** What η is multiplied by, between 0 and 1. Default 0.1. */
  readonly factor?: number | undefined;
  /** η stays at or above it. Default 0. */
  readonly least?: number | undefined;
  /** The number of an epoch's logs to watch. Default `valLoss`. */
  readonly monitor?: string | undefined;
}
type Checked = { readonly [K in keyof PlateauOptions]-?: NonNullable<PlateauOptions[K]> };

/** Errors: `GW_LR_OPTIONS`. */
export function plateauOptions(options: PlateauOptions): Checked {
  const { rate, factor = 0.1, least = 0, monitor = 'valLoss' } = options;
  const refuse = (what: string) => new GatewiseError('GW_LR_OPTIONS', what);
  if (positive('factor', factor) >= 1) throw refuse(`got factor ${factor}, wanted one below 1, such as 0.5`);
  const checked = checkPatience(options, refuse) as Required<PatienceOptions> & { mode: 'min' | 'max' };
  return {
    ...checked,
    ...{ minDelta: checked.minDelta as number, rate: rateOf('rate', rate), factor },
    ...{ least: rateOf('least', least), monitor },
  };
}

/** η ← max(γ η, η_min) where the watched number has waited long enough. */
export function plateauHooks(options: Checked): Omit<Plugin, 'name'> {
  const { rate, factor: γ, least, monitor } = options;
  const refuse = (what: string) => new GatewiseError('GW_LR_STATE', what);
  const patience = patienceWith(options, refuse);
  const watched = monitorOf(monitor, (what) => new GatewiseError('GW_LR_MONITOR', what));
  let η = rate;
  return {
    onEpochBegin({ validateEvery }) {
      if (!validateEvery) watched.refuseUnknown();
    },
    provideLearningRate(ctx: BatchContext) {
      ctx.report('learningRate', η);
      return η;
    },
    onEpochEnd({ logs, epoch }: EpochContext) {
      const value = watched.read(logs);
      if (value === undefined) return;
      if (patience.improved(value, epoch) || !patience.isOver()) return;
      η = Math.max(γ * η, least);
      patience.again();
    },
    onTrainEnd(_, end) {
      if (end.reason === 'completed') watched.refuseUnknown();
    },
    saveState: () => ({ rate: η, patience: patience.state() }),
    loadState(state: Json) {
      const { rate, patience: waited } = (state ?? {}) as { rate?: unknown; patience?: Json };
      if (typeof rate !== 'number' || !Number.isFinite(rate)) {
        throw refuse(`got ${JSON.stringify(state)}, wanted { rate, patience }`);
      }
      patience.restore(waited as Json);
      η = rate;
    },
  };
}
