import { GatewiseError } from '@gatewise/core';
import type { Trainable } from '@gatewise/plugin';
import { type Batches, type TrainOptions, type TrainResult, train } from '@gatewise/trainer';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Inside, inside } from './inside.js';
import { holdLock } from './life.js';
import { packError } from './pack-error.js';
import { buffersOf, packModel } from './pack-model.js';
import type { Trained } from './protocol.js';
import { reportTo } from './report-to.js';

/** A worker's line to the outside. */
export interface TrainingPort {
  /** Aborted where the outside cancels; `train` below heeds it by itself. */
  readonly signal: AbortSignal;
  /** `train` of @gatewise/trainer, which reports steps and epochs outside and heeds its signal; its model is given back. */
  train(model: Trainable | LayersModel, batches: Batches, options: TrainOptions): Promise<TrainResult>;
  /** Sends what can be cloned to `onMessage`. */
  send(value: unknown): void;
}
export interface TrainingJob<Options> {
  /** The options given to `trainInWorker`. */
  readonly options: Options;
  readonly port: TrainingPort;
}

/**
 * Makes a module the worker that `trainInWorker` starts: the whole of model, data and backend is made here. Call it once, while
 * the module is loaded. What `body` returns is given back too; what it throws goes outside, with its code.
 * Errors: `GW_WORKER_PLACE`; to the outside `GW_WORKER_NO_TRAINING`, where `body` ends without `port.train`.
 *
 * @example
 * serveTraining(async ({ options, port }: TrainingJob<{ units: number }>) => {
 *   await useBackend('cpu');
 *   const model = tf.sequential({ layers: [lstm({ units: options.units, inputShape: [12, 1] }), tf.layers.dense({ units: 2 })] });
 *   await port.train(model, batches, { loss: 'softmaxCrossEntropy', epochs: 5, optimizer: adam({ learningRate: 0.01 }) });
 * });
 */
export function serveTraining<Options = unknown>(body: (job: TrainingJob<Options>) => unknown): void {
  const line = inside();
  const controller = new AbortController();
  line.listen((message) => {
    if (message.type === 'cancel') controller.abort(message.why);
    else
      void holdLock(message.lock, line).then(() => serve(line, controller, body, message.options as Options));
  });
}

async function serve<Options>(
  line: Inside,
  { signal }: AbortController,
  body: (job: TrainingJob<Options>) => unknown,
  options: Options,
): Promise<void> {
  try {
    const port = new Port(line, signal);
    const value = await body({ options, port });
    const trained: Trained = { ...port.trained(), value };
    line.post({ type: 'done', trained }, buffersOf(trained));
  } catch (error) {
    line.post({ type: 'failed', error: packError(error) });
  }
}

class Port implements TrainingPort {
  #trained: Omit<Trained, 'value'> | undefined;

  constructor(
    readonly line: Inside,
    readonly signal: AbortSignal,
  ) {}

  readonly train: TrainingPort['train'] = async (model, batches, options) => {
    let trainee: Trainable | undefined;
    const watch = reportTo({
      line: this.line,
      take(one) {
        trainee = one;
      },
    });
    const signal = options.signal ? AbortSignal.any([options.signal, this.signal]) : this.signal;
    const plugins = [...(options.plugins ?? []), watch];
    const result = await train(model, batches, { ...options, signal, plugins });
    this.#trained = { result, ...(await packModel(trainee as Trainable)) };
    return result;
  };

  readonly send = (value: unknown): void => this.line.post({ type: 'message', value });

  trained(): Omit<Trained, 'value'> {
    if (this.#trained) return this.#trained;
    throw new GatewiseError(
      'GW_WORKER_NO_TRAINING',
      'got a function given to serveTraining that ended without a call of port.train, wanted one; await port.train(model, batches, …) in it',
    );
  }
}
