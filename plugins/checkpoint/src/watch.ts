import { GatewiseError } from '@gatewise/core';
import type { Logs } from '@gatewise/plugin';

/** The number of an epoch that checkpoints are compared by. */
export interface Monitored {
  readonly name: string;
  readonly value: number;
  readonly mode: 'min' | 'max';
}

/** Reads the watched number of each epoch. */
export function watch(monitor: string | undefined, mode: 'min' | 'max') {
  let seen = false;
  /** Names of the logs of an epoch without the number. A run that ends early is not validated, so that alone is no error. */
  let names: readonly string[] | undefined;
  return {
    /** null where it is not there, or no number; NaN is never better. `before` is what was watched up to now. */
    read(logs: Logs, before: string | undefined): Monitored | null {
      const name = monitor ?? (logs.valLoss === undefined ? 'loss' : 'valLoss');
      const value = logs[name];
      if (value === undefined) names = Object.keys(logs);
      if (value === undefined || !Number.isFinite(value)) return null;
      // The epoch was not validated: its training loss is no match for a validation loss.
      if (monitor === undefined && name === 'loss' && before === 'valLoss') return null;
      seen = true;
      return { name, value, mode };
    },
    refuseUnknown() {
      if (monitor === undefined || names === undefined || seen) return;
      throw new GatewiseError(
        'GW_CHECKPOINT_MONITOR',
        `got no "${monitor}" in the logs of an epoch, wanted one of ${names.join(', ')}; name one of these`,
      );
    },
  };
}

/** Best first, the earlier of two that are alike first. */
export function byValue(a: { readonly monitored: Monitored }, b: { readonly monitored: Monitored }): number {
  const difference = a.monitored.value - b.monitored.value;
  return a.monitored.mode === 'max' ? -difference : difference;
}
