import { GatewiseError } from '@gatewise/core';
import type { Optimizer } from '@tensorflow/tfjs-core';
import type { Container } from 'inversify';
import type { Batches } from './batches.js';
import { type MaxTime, readMaxTime } from './max-time.js';
import { type Metric, type MetricName, readMetrics } from './metrics.js';
import type { PluginList } from './plugin-scope.js';
import type { TrainableOptions } from './trainable.js';

interface RunOptions {
  /** Passes over the batches; may be Infinity together with `steps` or `maxTime`. */
  readonly epochs: number;
  /** Most steps in the whole run. */
  readonly steps?: number;
  /**
   * Longest training may take, `600` seconds or `'00:10:00'`: the step under way then ends its epoch, which is validated and
   * saved as every other. The time of earlier runs that this one continues does not count.
   */
  readonly maxTime?: MaxTime;
  /** One of @gatewise/optimisers, or any of tf.js; it stays the caller's to dispose of. */
  readonly optimizer: Optimizer;
  readonly plugins?: PluginList;
  /** Held-out batches, scored as `valLoss` after each epoch, or as `validateEvery` says. */
  readonly validation?: Batches;
  /**
   * When the validation is scored: `{ epochs: 5 }` after every fifth epoch and the last, `{ steps: 500 }` after every 500 steps
   * of the run, in the middle of epochs too, and at the run's end. Default `{ epochs: 1 }`.
   */
  readonly validateEvery?: ValidateEvery;
  /**
   * Metrics by name, of training and of validation (`accuracy`, `valAccuracy`), from the predictions that the loss is computed
   * of; those of padding do not count. The model shows them: `trainable` and `carried` do.
   */
  readonly metrics?: readonly (MetricName | Metric)[];
  /** Seeds every random number of the run; 0 where absent. */
  readonly seed?: number;
  /** Parent of the run's container: services for plugins to inject. */
  readonly container?: Container;
  /** Ends training after the step under way, without validation. */
  readonly signal?: AbortSignal;
  /**
   * Ctrl-C (SIGINT) once ends the epoch after the step under way, which is validated and saved as every other, and training
   * with `why: 'interrupted'`; twice ends the process at once, with exit code 130. Only in Node's main thread, and only while
   * `train` runs. Default true, but false where the program listens for SIGINT itself.
   */
  readonly interruptible?: boolean;
}

export type ValidateEvery =
  | { readonly epochs: number; readonly steps?: never }
  | { readonly steps: number; readonly epochs?: never };

/** Which batches are used: one of these, or none. */
type BatchChoice =
  | {
      /** Trains on the first n batches of the first epoch, the same in each, and validates on them: can the model learn them by heart? */
      readonly overfitBatches?: number;
      readonly limitBatches?: never;
      readonly fastDevRun?: false;
    }
  | {
      /** At most n batches of each epoch and of each validation, or as many of each as `{ training, validation }` say. */
      readonly limitBatches?: number | { readonly training?: number; readonly validation?: number };
      readonly overfitBatches?: never;
      readonly fastDevRun?: false;
    }
  | {
      /** One step, one batch of validation, one call of every hook, and no file written: does it all run? */
      readonly fastDevRun?: boolean;
      readonly overfitBatches?: never;
      readonly limitBatches?: never;
    };

/**
 * What `train` takes besides model and batches.
 *
 * @example
 * await train(model, batches, { loss, optimizer, epochs: 100, maxTime: '02:00:00', validation, validateEvery: { steps: 500 }, metrics: ['accuracy'] });
 * await train(model, batches, { loss, optimizer, epochs: 200, overfitBatches: 2 }); // does valLoss go to 0?
 * await train(model, batches, { loss, optimizer, epochs: 100, validation, fastDevRun: true }); // does it all run?
 */
export type TrainOptions = RunOptions & TrainableOptions & BatchChoice;

/** Errors: `GW_TRAIN_EPOCHS`, `GW_TRAIN_STEPS`, `GW_TRAIN_OPTIMIZER`, `GW_TRAIN_MAX_TIME`, and those of the checks below. */
export function checkOptions(options: TrainOptions): void {
  const { epochs, steps, optimizer, maxTime } = options;
  const ends = steps !== undefined || maxTime !== undefined;
  const whole = Number.isInteger(epochs) || (epochs === Number.POSITIVE_INFINITY && ends);
  if (!whole || epochs < 1) {
    throw new GatewiseError(
      'GW_TRAIN_EPOCHS',
      `got epochs ${epochs}, wanted a whole number from 1; Infinity needs steps or maxTime`,
    );
  }
  if (steps !== undefined) checkCount('GW_TRAIN_STEPS', 'steps', steps);
  if (maxTime !== undefined) readMaxTime(maxTime);
  readMetrics(options.metrics);
  if (typeof optimizer?.applyGradients !== 'function') {
    throw new GatewiseError(
      'GW_TRAIN_OPTIMIZER',
      `got a ${typeof optimizer} as optimizer, wanted one of @gatewise/optimisers, such as adam({ learningRate: 2e-3 }), or of tf.train`,
    );
  }
  checkBatchChoice(options);
  checkValidateEvery(options);
  checkSwitches(options);
}

/** Errors: `code`. */
function checkCount(code: `GW_${string}`, name: string, value: unknown): void {
  if (Number.isInteger(value) && (value as number) >= 1) return;
  throw new GatewiseError(code, `got ${name} ${String(value)}, wanted a whole number from 1, or none`);
}

/** Errors: `GW_TRAIN_LIMIT`, `GW_TRAIN_OPTIONS`. */
function checkBatchChoice({ overfitBatches, limitBatches, fastDevRun }: TrainOptions): void {
  const given = Object.entries({ overfitBatches, limitBatches, fastDevRun: fastDevRun || undefined })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name);
  if (given.length > 1) {
    throw new GatewiseError(
      'GW_TRAIN_OPTIONS',
      `got ${given.join(' and ')}, wanted one of them: each says which batches are used`,
    );
  }
  if (overfitBatches !== undefined) checkCount('GW_TRAIN_LIMIT', 'overfitBatches', overfitBatches);
  if (limitBatches !== undefined && (limitBatches === null || typeof limitBatches !== 'object')) {
    checkCount('GW_TRAIN_LIMIT', 'limitBatches', limitBatches);
    return;
  }
  const { training, validation } = limitBatches ?? {};
  if (training !== undefined) checkCount('GW_TRAIN_LIMIT', 'limitBatches.training', training);
  if (validation !== undefined) checkCount('GW_TRAIN_LIMIT', 'limitBatches.validation', validation);
}

/** Errors: `GW_TRAIN_VALIDATE_EVERY`. */
function checkValidateEvery({ validateEvery, validation, overfitBatches }: TrainOptions): void {
  if (validateEvery === undefined) return;
  const refuse = (got: string, wanted: string) => {
    throw new GatewiseError('GW_TRAIN_VALIDATE_EVERY', `got ${got}, wanted ${wanted}`);
  };
  const entries = Object.entries(validateEvery ?? {}).filter(([, n]) => n !== undefined);
  const [unit, n] = entries[0] ?? [];
  if (
    entries.length !== 1 ||
    (unit !== 'steps' && unit !== 'epochs') ||
    !Number.isInteger(n) ||
    (n as number) < 1
  ) {
    refuse(
      `validateEvery ${JSON.stringify(validateEvery)}`,
      '{ steps: n } or { epochs: n }, a whole number from 1',
    );
  }
  if (validation === undefined && overfitBatches === undefined) {
    refuse(
      'validateEvery without validation',
      'batches to validate on: give validation, or drop validateEvery',
    );
  }
}

/** Errors: `GW_TRAIN_OPTIONS`. */
function checkSwitches({ interruptible, fastDevRun }: TrainOptions): void {
  for (const [name, value] of Object.entries({ interruptible, fastDevRun })) {
    if (value === undefined || typeof value === 'boolean') continue;
    throw new GatewiseError('GW_TRAIN_OPTIONS', `got ${name} ${JSON.stringify(value)}, wanted true or false`);
  }
}
