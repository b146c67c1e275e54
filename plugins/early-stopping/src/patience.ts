import { GatewiseError } from '@gatewise/core';
import type { Json } from '@gatewise/plugin';

export interface PatienceOptions {
  readonly patience: number;
  readonly minDelta: number;
  readonly mode: 'min' | 'max';
}
/** Plain JSON. */
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

/** Counts epochs without improvement. */
export function patienceWith({ patience, minDelta, mode }: PatienceOptions) {
  let state: State = { best: null, bestEpoch: 0, waited: 0 };
  const better = (value: number, best: number) =>
    mode === 'min' ? value < best - minDelta : value > best + minDelta;
  return {
    /** Takes an epoch's value: true where it is better than ever. NaN and Infinity never are. */
    improved(value: number, epoch: number): boolean {
      const improves = Number.isFinite(value) && (state.best === null || better(value, state.best));
      state = improves
        ? { best: value, bestEpoch: epoch, waited: 0 }
        : { ...state, waited: state.waited + 1 };
      return improves;
    },
    isOver: () => state.waited >= patience,
    describe(): string {
      const { best, bestEpoch, waited } = state;
      const reached = best === null ? 'it was never finite' : `best ${best} in epoch ${bestEpoch + 1}`;
      return `did not improve for ${waited} ${waited === 1 ? 'epoch' : 'epochs'}; ${reached}`;
    },
    state: (): State => state,
    restore(json: Json): void {
      state = readState(json);
    },
  };
}
