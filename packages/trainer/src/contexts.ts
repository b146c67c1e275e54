import { GatewiseError, random } from '@gatewise/core';
import type { BatchContext, EpochContext, Logs, SavePointContext, TrainContext } from '@gatewise/plugin';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import type { Report } from './logs.js';
import type { ValidateEvery } from './train-options.js';

const OWN = ['loss', 'valLoss', 'skipped'];

/** Where a run stands. */
export interface Progress {
  step: number;
  skipped: number;
  /** The step of the last validation. */
  validatedAt?: number | undefined;
  /** Why it ends early. */
  why?: string;
  /** It ends early, yet in order: the epoch is validated as every other. */
  inOrder?: boolean;
  /** Of several ranks: why this one asks for an end, until all of them know (`RankDecisions`). */
  asked?: { readonly why: string; readonly inOrder: boolean } | undefined;
  /** Several ranks end together. */
  readonly shared?: boolean;
  /** Where reports go: to the step, or between steps to the epoch. */
  report: Report;
}
/** Which batch it is, from 0, and whether the last of its epoch, where that is known. */
export interface BatchPlace {
  readonly epoch: number;
  readonly batch: number;
  readonly last?: boolean | undefined;
}
export interface Plan {
  readonly weights: Readonly<Record<string, Variable>>;
  readonly epochs: number;
  readonly steps?: number;
  readonly seed: number;
  readonly dryRun?: true;
  readonly validateEvery?: ValidateEvery;
}

/** What hooks see of a run: live, read-only. The driver gives each plugin a copy with a random stream of its own. */
export class Contexts {
  readonly train: TrainContext;

  /** `measured`: names that metrics take. */
  constructor(plan: Plan, progress: Progress, measured: readonly string[] = []) {
    this.train = {
      ...plan,
      random: random(plan.seed),
      get step() {
        return progress.step;
      },
      report(name: string, value: number | Tensor) {
        checkName(name, measured);
        progress.report.set(name, value);
      },
      stop: (reason: string) => {
        if (progress.shared) progress.asked ??= { why: reason, inOrder: false };
        else progress.why ??= reason;
      },
    };
  }

  epoch(epoch: number, logs: () => Logs): EpochContext {
    return join(this.train, {
      epoch,
      get logs() {
        return logs();
      },
    });
  }

  savePoint(epoch: number, last: boolean, logs?: Logs): SavePointContext {
    const after = logs ? 'epoch' : 'step';
    return join(this.train, { epoch, after, last, ...(logs && { logs }) } as const);
  }

  /** `targets`: of this rank, until those of all ranks are known. */
  batch({ epoch, batch, last }: BatchPlace, targets: { count: number }, report: Report): BatchContext {
    return join(this.train, {
      ...{ epoch, batch },
      ...(last !== undefined && { last }),
      get size() {
        return targets.count;
      },
      logs: () => report.read(),
    });
  }
}

/** Errors: `GW_PLUGIN_REPORT` for the names that the trainer itself fills in. */
function checkName(name: string, measured: readonly string[]): void {
  if (OWN.includes(name) || measured.includes(name)) {
    throw new GatewiseError(
      'GW_PLUGIN_REPORT',
      `got a report of "${name}", which is the trainer's own; choose another name`,
    );
  }
}

/** Both, with getters kept as getters. */
function join<A extends object, B extends object>(a: A, b: B): A & B {
  const fields = { ...Object.getOwnPropertyDescriptors(a), ...Object.getOwnPropertyDescriptors(b) };
  return Object.defineProperties({}, fields) as A & B;
}
