import { GatewiseError } from '@gatewise/core';
import type { Logs } from '@gatewise/plugin';
import type { Training } from './training.js';

/** Which epochs are better than those before. */
export function watch(monitor: string | undefined, mode: 'min' | 'max') {
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

function readBest(state: unknown): Training['best'] {
  if (state === null) return null;
  const { monitor, value } = (state ?? {}) as { monitor?: unknown; value?: unknown };
  if (typeof monitor === 'string' && typeof value === 'number') return { monitor, value };
  throw new GatewiseError(
    'GW_CHECKPOINT_STATE',
    `got ${JSON.stringify(state)}, wanted { monitor, value } or null`,
  );
}
