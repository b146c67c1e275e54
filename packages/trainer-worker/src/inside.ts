import { GatewiseError } from '@gatewise/core';
import { workerThreads } from './node.js';
import type { FromWorker, ToWorker } from './protocol.js';

/** The worker's end of the line. */
export interface Inside {
  post(message: FromWorker, transfer?: readonly ArrayBuffer[]): void;
  listen(listener: (message: ToWorker) => void): void;
}

interface WorkerScope {
  readonly document?: unknown;
  postMessage?(message: unknown, transfer: readonly ArrayBuffer[]): void;
  addEventListener?(type: 'message', listener: (event: { readonly data: ToWorker }) => void): void;
}

/** Errors: `GW_WORKER_PLACE` outside a worker. */
export function inside(): Inside {
  const port = workerThreads()?.parentPort;
  if (port) {
    return {
      post: (message, transfer = []) => port.postMessage(message, [...transfer]),
      listen: (listener) => void port.on('message', listener),
    };
  }
  const scope = globalThis as WorkerScope;
  const { postMessage, addEventListener } = scope;
  if (scope.document !== undefined || !postMessage || !addEventListener) {
    throw new GatewiseError(
      'GW_WORKER_PLACE',
      'got a call of serveTraining outside a worker, wanted it in the module that trainInWorker starts; move it there',
    );
  }
  return {
    post: (message, transfer = []) => postMessage.call(scope, message, transfer),
    listen: (listener) => addEventListener.call(scope, 'message', ({ data }) => listener(data)),
  };
}
