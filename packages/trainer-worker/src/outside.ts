import { GatewiseError } from '@gatewise/core';
import { workerThreads } from './node.js';
import type { FromWorker, ToWorker } from './protocol.js';

/** A worker to train in: its module, or a function that starts it, which bundlers know how to follow. */
export type WorkerSource = URL | string | (() => Worker | NodeWorker);

/** A Worker of node:worker_threads, told by its `on`; pages need no types of Node to read this. */
export interface NodeWorker {
  readonly on: unknown;
  postMessage(message: unknown): void;
  terminate(): Promise<unknown>;
}
type Thread = InstanceType<NonNullable<ReturnType<typeof workerThreads>>['Worker']>;

/** The outer end of the line. */
export interface Outside {
  post(message: ToWorker): void;
  terminate(): Promise<void>;
}
interface Listeners {
  message(message: FromWorker): void;
  /** It is no more, or was never loaded. */
  died(why: string, cause?: unknown): void;
  /** A message that can't be read. */
  garbled(): void;
}

/** Starts a worker. Errors: `GW_WORKER_UNAVAILABLE`, `GW_WORKER_SOURCE`. */
export function outside(source: WorkerSource, listeners: Listeners): Outside {
  const worker = start(source);
  if ('on' in worker) listenInNode(worker as Thread, listeners);
  else listenInPage(worker, listeners);
  return {
    post: (message) => worker.postMessage(message),
    terminate: async () => void (await worker.terminate()),
  };
}

function start(source: WorkerSource): Worker | NodeWorker {
  if (typeof source === 'function') return source();
  if (typeof source !== 'string' && !(source instanceof URL)) {
    throw new GatewiseError(
      'GW_WORKER_SOURCE',
      `got a ${typeof source} as the worker, wanted the URL of its module, new URL('./train.worker.js', import.meta.url), ` +
        'or a function that starts it, () => new Worker(…)',
    );
  }
  const threads = workerThreads();
  if (threads) return new threads.Worker(source as URL);
  if (typeof globalThis.Worker === 'function') return new globalThis.Worker(source, { type: 'module' });
  throw new GatewiseError(
    'GW_WORKER_UNAVAILABLE',
    'got neither Worker nor node:worker_threads, wanted a browser or Node; call train() here instead',
  );
}

function listenInNode(worker: Thread, { message, died, garbled }: Listeners): void {
  worker.on('message', message);
  worker.on('messageerror', garbled);
  worker.on('error', (error) => died(error.message, error));
  worker.on('exit', (code) => died(`it ended with exit code ${code}`));
}

function listenInPage(worker: Worker, { message, died, garbled }: Listeners): void {
  worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => message(data));
  worker.addEventListener('messageerror', garbled);
  worker.addEventListener('error', (event) => {
    event.preventDefault(); // told by our error
    died(event.message || 'its module could not be loaded');
  });
}
