import { GatewiseError } from '@gatewise/core';
import { lockName, watchLock } from './life.js';
import { type Outside, outside, type WorkerSource } from './outside.js';
import { unpackError } from './pack-error.js';
import type { EpochReport, FromWorker, StepReport, Trained } from './protocol.js';

export interface WorkerOptions<Options> {
  /** What the worker is told: anything that can be cloned. */
  readonly options?: Options;
  /** Cancels: training ends after the step under way, and gives back what it has, `reason: 'stopped'`. */
  readonly signal?: AbortSignal;
  /** At most ten times a second. */
  readonly onStep?: (report: StepReport) => void;
  readonly onEpoch?: (report: EpochReport) => void;
  /** What the worker sends with `port.send`. */
  readonly onMessage?: (value: unknown) => void;
}

/**
 * Trains in a worker, of a page or of Node, so that the page stays responsive; resolves with result, weights and model, which
 * are moved and not copied. The worker's module calls `serveTraining`; it is started here, and ended with the training.
 * Errors: what the worker throws, with its code, plugin and hook; `GW_WORKER_DIED` for a worker that ends before it is done or
 * cannot be loaded, `GW_WORKER_MESSAGE` for what cannot be cloned, `GW_WORKER_SOURCE`, `GW_WORKER_UNAVAILABLE`.
 *
 * @example
 * const { result, artifacts } = await trainInWorker(new URL('./train.worker.js', import.meta.url), {
 *   options: { units: 32 },
 *   onStep: ({ step, logs }) => show(step, logs.loss),
 *   signal: controller.signal,
 * });
 * const model = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
 * // with a bundler, which wants to see it: trainInWorker(() => new Worker(new URL('./train.worker.ts', import.meta.url), { type: 'module' }), …)
 */
export async function trainInWorker<Value = unknown, Options = unknown>(
  source: WorkerSource,
  given: WorkerOptions<Options> = {},
): Promise<Trained<Value>> {
  const over = new AbortController();
  const lock = lockName();
  let worker: Outside | undefined;
  try {
    return await new Promise<Trained<Value>>((done, fail) => {
      const died = (why: string, cause?: unknown) => fail(death(why, cause));
      const hear = (message: FromWorker) => {
        if (message.type === 'alive') watchLock(lock, over.signal, () => died('it ended by itself'));
        else if (message.type === 'done') done(message.trained as Trained<Value>);
        else if (message.type === 'failed') fail(unpackError(message.error));
        else if (!over.signal.aborted) tell(message, given);
      };
      const message = (one: FromWorker) => attempt(() => hear(one), fail);
      worker = outside(source, { message, died, garbled: () => fail(garbled()) });
      cancelling(worker, given.signal, over.signal);
      post(worker, { type: 'start', options: given.options, lock });
    });
  } finally {
    over.abort();
    await (worker as Outside | undefined)?.terminate();
  }
}

/** Passes an abort on, until it is over. */
function cancelling(worker: Outside, signal: AbortSignal | undefined, over: AbortSignal): void {
  if (!signal) return;
  const cancel = () => worker.post({ type: 'cancel', why: describe(signal.reason) });
  if (signal.aborted) cancel();
  else signal.addEventListener('abort', cancel, { once: true, signal: over });
}

function describe(reason: unknown): string {
  if (reason instanceof Error) return reason.name === 'AbortError' ? 'aborted' : reason.message;
  return reason === undefined ? 'aborted' : String(reason);
}

function tell(
  message: Extract<FromWorker, { type: 'step' | 'epoch' | 'message' }>,
  { onStep, onEpoch, onMessage }: WorkerOptions<unknown>,
): void {
  if (message.type === 'step') onStep?.(message.report);
  else if (message.type === 'epoch') onEpoch?.(message.report);
  else onMessage?.(message.value);
}

/** What a callback throws ends the training. */
function attempt(body: () => void, fail: (error: unknown) => void): void {
  try {
    body();
  } catch (error) {
    fail(error);
  }
}

function post(worker: Outside, message: Parameters<Outside['post']>[0]): void {
  try {
    worker.post(message);
  } catch (cause) {
    throw new GatewiseError(
      'GW_WORKER_MESSAGE',
      `got options that cannot be cloned (${(cause as Error).message}), wanted plain data; make functions, models and tensors in the worker`,
      { cause },
    );
  }
}

const garbled = () =>
  new GatewiseError(
    'GW_WORKER_MESSAGE',
    'got a message that cannot be read, wanted plain data from port.send',
  );

const death = (why: string, cause: unknown) =>
  new GatewiseError(
    'GW_WORKER_DIED',
    `got a worker that is no more before training was done: ${why}; wanted it to call serveTraining and to wait for port.train`,
    cause === undefined ? {} : { cause },
  );
