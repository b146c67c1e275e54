import { GatewiseError, type RandomState } from '@gatewise/core';
import type { Json, Logs } from '@gatewise/plugin';
import type { OptimizerState } from './optimizer-state.js';

/** Options that must be the same for a run to go on. */
export interface RunIdentity {
  readonly seed: number;
  /** Its name, where it has one. */
  readonly loss: string | null;
  /** Where the source tells. */
  readonly batchesPerEpoch: number | null;
}
/** What computed the numbers: sums of another engine differ in the last bits. */
export interface EngineName {
  readonly backend: string;
  /** Of recurrent sequences. */
  readonly recurrence: string;
  /** Of the other kernels on the cpu backend; tf.js' own where null. */
  readonly kernels: string | null;
}
/** The next batch: `batch` of `epoch`, both from 0. */
interface Position {
  readonly epoch: number;
  readonly batch: number;
  readonly step: number;
  readonly skipped: number;
  readonly validatedAt: number | null;
}
/** Of an epoch that is not over. */
export interface OpenEpochState {
  /** `skipped` when it began. */
  readonly skippedBefore: number;
  readonly means: readonly { readonly name: string; readonly sum: number; readonly weight: number }[];
  readonly reports: Logs;
}
/** `RunSnapshot.state`. */
export interface SavedRun {
  readonly run: RunIdentity;
  readonly engine: EngineName;
  readonly model: {
    readonly name: string;
    readonly weights: readonly string[];
    readonly topology: Json;
    /** What can be compared of the topology as the run began, where a plugin has changed it since: zoneout does. */
    readonly begun: Json;
    /** What its `saveState` gave. */
    readonly state: Json;
  };
  readonly optimizer: OptimizerState;
  readonly position: Position;
  /** null between epochs. */
  readonly open: OpenEpochState | null;
  readonly history: readonly Logs[];
  /** Of `Tokens.Random`. */
  readonly random: RandomState;
  readonly plugins: Readonly<Record<string, Json>>;
  /** Where other ranks than 0 have states of their own: by rank; their tensors are `rank/<rank>/…`. */
  readonly ranks?: { readonly size: number; readonly parts: Readonly<Record<string, RankPart>> };
}
/** What a rank has of its own. */
export interface RankPart {
  readonly plugins: SavedRun['plugins'];
  readonly modelState: Json;
  readonly open: SavedRun['open'];
}

/** Plain JSON: NaN and infinities, which JSON lacks, become texts. */
export const toJson = (run: SavedRun): { readonly [key: string]: Json } =>
  JSON.parse(
    JSON.stringify({
      ...run,
      open: run.open && {
        ...run.open,
        means: run.open.means.map((mean) => ({ ...mean, sum: numberToJson(mean.sum) })),
        reports: logsToJson(run.open.reports),
      },
      history: run.history.map(logsToJson),
    }),
  ) as { readonly [key: string]: Json };

/** Errors: `GW_RESUME_STATE`. */
export function fromJson(json: { readonly [key: string]: Json }): SavedRun {
  const run = json as unknown as SavedRun;
  const wanted: readonly [string, boolean][] = [
    ['run.seed', typeof run.run?.seed === 'number'],
    ['engine', typeof run.engine?.recurrence === 'string'],
    ['model.weights', Array.isArray(run.model?.weights)],
    ['optimizer.name', typeof run.optimizer?.name === 'string'],
    ['position', isPosition(run.position)],
    ['open', run.open === null || (Array.isArray(run.open?.means) && isObject(run.open.reports))],
    ['history', Array.isArray(run.history)],
    ['random', typeof run.random?.key === 'number' && typeof run.random.count === 'number'],
    ['plugins', isObject(run.plugins)],
  ];
  const odd = wanted.find(([, holds]) => !holds);
  if (odd) {
    throw new GatewiseError(
      'GW_RESUME_STATE',
      `got a snapshot whose ${odd[0]} is not as save() writes it; it is damaged, or from another version`,
    );
  }
  return {
    ...run,
    open: run.open && {
      ...run.open,
      means: run.open.means.map((mean) => ({ ...mean, sum: Number(mean.sum) })),
      reports: logsFromJson(run.open.reports),
    },
    history: run.history.map(logsFromJson),
  };
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const isPosition = (at: Position | undefined): boolean =>
  [at?.epoch, at?.batch, at?.step, at?.skipped].every((n) => Number.isInteger(n) && (n as number) >= 0);

const numberToJson = (value: number): Json => (Number.isFinite(value) ? value : String(value));
const logsToJson = (logs: Logs): Json =>
  Object.fromEntries(Object.entries(logs).map(([name, value]) => [name, numberToJson(value)]));
const logsFromJson = (logs: Logs): Logs =>
  Object.fromEntries(Object.entries(logs).map(([name, value]) => [name, Number(value)]));
