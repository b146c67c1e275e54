import type { Json } from './plugin.js';

/** What counts as progress of a number that is watched, and how long to wait for it. */
export interface PatienceOptions {
  /** Epochs in a row without improvement; 1 or more. */
  readonly patience: number;
  /** An improvement is larger than this. Default 0. */
  readonly minDelta?: number | undefined;
  /** Whether smaller or larger is better. Default `min`. */
  readonly mode?: 'min' | 'max' | undefined;
}
export interface Patience {
  /** Takes an epoch's value: true where it is better than ever. NaN and Infinity never are. */
  improved(value: number, epoch: number): boolean;
  isOver(): boolean;
  /** Waits anew, for something better than the best so far. */
  again(): void;
  /** `did not improve for 3 epochs; best 1.25 in epoch 7`. */
  describe(): string;
  /** Plain JSON. */
  state(): Json;
  restore(json: Json): void;
}
interface State {
  /** The best value so far; null before the first finite one. */
  best: number | null;
  /** Where it was reached. */
  bestEpoch: number;
  /** Epochs since. */
  waited: number;
}
/** Makes the coded error of a plugin. */
type Refuse = (what: string) => Error;

/** The options with their defaults. Errors: what `refuse` makes. */
export function checkPatience(options: PatienceOptions, refuse: Refuse): Required<PatienceOptions> {
  const { patience, minDelta = 0, mode = 'min' } = options;
  if (!Number.isInteger(patience) || patience < 1) {
    throw refuse(`got patience ${patience}, wanted a whole number of epochs, 1 or more`);
  }
  if (!(minDelta >= 0 && Number.isFinite(minDelta))) {
    throw refuse(`got minDelta ${minDelta}, wanted a number of at least 0; mode gives the direction`);
  }
  if (mode !== 'min' && mode !== 'max') throw refuse(`got mode "${mode}", wanted "min" or "max"`);
  return { patience, minDelta, mode };
}

/** Counts epochs without improvement, of options that were checked; `refuse` makes the error of a damaged state. */
export function patienceWith(
  { patience, minDelta, mode }: { [K in keyof PatienceOptions]-?: NonNullable<PatienceOptions[K]> },
  refuse: Refuse,
): Patience {
  let state: State = { best: null, bestEpoch: 0, waited: 0 };
  const better = (value: number, best: number) =>
    mode === 'min' ? value < best - minDelta : value > best + minDelta;
  return {
    improved(value, epoch) {
      const improves = Number.isFinite(value) && (state.best === null || better(value, state.best));
      state = improves
        ? { best: value, bestEpoch: epoch, waited: 0 }
        : { ...state, waited: state.waited + 1 };
      return improves;
    },
    isOver: () => state.waited >= patience,
    again() {
      state = { ...state, waited: 0 };
    },
    describe() {
      const { best, bestEpoch, waited } = state;
      const reached = best === null ? 'it was never finite' : `best ${best} in epoch ${bestEpoch + 1}`;
      return `did not improve for ${waited} ${waited === 1 ? 'epoch' : 'epochs'}; ${reached}`;
    },
    state: () => ({ ...state }),
    restore(json) {
      state = readState(json, refuse);
    },
  };
}

function readState(json: Json, refuse: Refuse): State {
  const { best, bestEpoch, waited } = (json ?? {}) as Partial<State>;
  const isNumber = (v: unknown): v is number => typeof v === 'number' && Number.isFinite(v);
  if ((best === null || isNumber(best)) && isNumber(bestEpoch) && isNumber(waited)) {
    return { best, bestEpoch, waited };
  }
  throw refuse(`got ${JSON.stringify(json)}, wanted { best, bestEpoch, waited } of numbers`);
}
