import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PluginModule } from '@gatewise/plugin';
import { accumulate } from '@gatewise/plugin-accumulate';
import { checkpoint } from '@gatewise/plugin-checkpoint';
import { clipAdaptive, clipByGlobalNorm, clipByNorm, clipByValue } from '@gatewise/plugin-clip';
import { distributedMpi } from '@gatewise/plugin-distributed-mpi';
import { dropout } from '@gatewise/plugin-dropout';
import { earlyStopping } from '@gatewise/plugin-early-stopping';
import { ema } from '@gatewise/plugin-ema';
import { gradientFlow } from '@gatewise/plugin-gradient-flow';
import {
  constant,
  constantRate,
  cosineRate,
  oneCycleRate,
  plateauRate,
  ruleRate,
  stepRate,
  warmUpRate,
} from '@gatewise/plugin-lr-schedule';
import { metrics, metricsCsv } from '@gatewise/plugin-metrics';
import { nanGuard } from '@gatewise/plugin-nan-guard';
import { profile } from '@gatewise/plugin-profile';
import { progress } from '@gatewise/plugin-progress';
import { activationPenalty, l1, l2, temporalPenalty } from '@gatewise/plugin-regularise';
import { report } from '@gatewise/plugin-report';
import { runSummary } from '@gatewise/plugin-run-summary';
import { sampler } from '@gatewise/plugin-sampler';
import { tensorboard } from '@gatewise/plugin-tensorboard';
import { zoneout } from '@gatewise/plugin-zoneout';

/** Where the plugins of a test write. */
export const folder = mkdtempSync(join(tmpdir(), 'gatewise-plugins-'));
let files = 0;
const fresh = (name: string) => join(folder, `${files++}-${name}`);
const nowhere = { write: () => true };

export interface Entry {
  /** Its factory, as users call it. */
  readonly factory: string;
  /** The package, without its scope. */
  readonly from: string;
  /** Makes one, ready for a run of three epochs of three steps. */
  readonly make: () => PluginModule;
}
const entry = (from: string, factory: string, make: () => PluginModule): Entry => ({ factory, from, make });

/** Every plugin that hooks into training. */
export const plugins: readonly Entry[] = [
  entry('plugin-accumulate', 'accumulate', () => accumulate({ batches: 3 })),
  entry('plugin-checkpoint', 'checkpoint', () => checkpoint({ folder: fresh('checkpoint') })),
  entry('plugin-clip', 'clipAdaptive', () => clipAdaptive({ clipping: 1e-4 })),
  entry('plugin-clip', 'clipByGlobalNorm', () => clipByGlobalNorm({ maxNorm: 0.01 })),
  entry('plugin-clip', 'clipByNorm', () => clipByNorm({ maxNorm: 0.01 })),
  entry('plugin-clip', 'clipByValue', () => clipByValue({ maxValue: 0.001 })),
  entry('plugin-distributed-mpi', 'distributedMpi', () => distributedMpi()),
  entry('plugin-dropout', 'dropout', () => dropout({ input: 0.2, recurrent: 0.2, output: 0.2 })),
  entry('plugin-early-stopping', 'earlyStopping', () => earlyStopping({ patience: 9, restoreBest: true })),
  entry('plugin-ema', 'ema', () => ema({ atEnd: true })),
  entry('plugin-gradient-flow', 'gradientFlow', () => gradientFlow({ every: 1, onRecord: () => {} })),
  entry('plugin-lr-schedule', 'constantRate', () => constantRate({ rate: 0.1 })),
  entry('plugin-lr-schedule', 'cosineRate', () => cosineRate({ rate: 0.1, steps: 9 })),
  entry('plugin-lr-schedule', 'oneCycleRate', () => oneCycleRate({ rate: 0.1, steps: 9 })),
  entry('plugin-lr-schedule', 'plateauRate', () => plateauRate({ rate: 0.1, patience: 1 })),
  entry('plugin-lr-schedule', 'ruleRate', () => ruleRate(({ step }) => 0.1 / (step + 1))),
  entry('plugin-lr-schedule', 'stepRate', () => stepRate({ rate: 0.1, every: 2 })),
  entry('plugin-lr-schedule', 'warmUpRate', () => warmUpRate({ steps: 4, after: constant({ rate: 0.1 }) })),
  entry('plugin-metrics', 'metrics', () => metrics({ file: fresh('metrics.jsonl') })),
  entry('plugin-metrics', 'metricsCsv', () => metricsCsv({ file: fresh('metrics.csv') })),
  entry('plugin-nan-guard', 'nanGuard', () => nanGuard({ action: 'roll-back', keepEvery: 2 })),
  entry('plugin-profile', 'profile', () => profile()),
  entry('plugin-progress', 'progress', () => progress({ stream: nowhere })),
  entry('plugin-regularise', 'activationPenalty', () => activationPenalty({ rate: 0.1 })),
  entry('plugin-regularise', 'l1', () => l1({ rate: 1e-3 })),
  entry('plugin-regularise', 'l2', () => l2({ rate: 1e-3 })),
  entry('plugin-regularise', 'temporalPenalty', () => temporalPenalty({ rate: 0.1 })),
  entry('plugin-report', 'report', () => report({ file: fresh('report.html') })),
  entry('plugin-run-summary', 'runSummary', () => runSummary({ folder: fresh('run') })),
  entry('plugin-sampler', 'sampler', () => sampler({ write: ({ random }) => `drew ${random.int(9)}` })),
  entry('plugin-tensorboard', 'tensorboard', () =>
    tensorboard({ folder: fresh('events'), every: 1, histograms: 2 }),
  ),
  entry('plugin-zoneout', 'zoneout', () => zoneout({ rates: { h: 0.2, c: 0.2 } })),
];
