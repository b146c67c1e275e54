import type { Logs } from './hooks.js';

/** A number of an epoch's logs that a plugin watches. */
export interface Monitor {
  /** The number; undefined in an epoch without it. */
  read(logs: Logs): number | undefined;
  /** Throws where epochs went by and it was in none: at the next epoch, or at the end of a completed run. */
  refuseUnknown(): void;
}

/** Watches `name`. A run that is stopped is not validated, so one epoch without the number is no error. */
export function monitorOf(name: string, refuse: (what: string) => Error): Monitor {
  let seen = false;
  let names: readonly string[] | undefined;
  return {
    read(logs) {
      const value = logs[name];
      if (value === undefined) names = Object.keys(logs);
      else seen = true;
      return value;
    },
    refuseUnknown() {
      if (!names || seen) return;
      const fix = name.startsWith('val')
        ? 'give train() validation batches, or monitor "loss"'
        : 'name one of these';
      throw refuse(`got no "${name}" in the logs of an epoch, wanted one of ${names.join(', ')}; ${fix}`);
    },
  };
}
