import type { Inside } from './inside.js';
import { workerThreads } from './node.js';

interface Locks {
  request(name: string, options: { signal?: AbortSignal }, hold: () => unknown): Promise<unknown>;
}

/** Web locks: a page hears nothing of a worker that ends, but a lock of its becomes free. In Node a worker's end is an event. */
function webLocks(): Locks | undefined {
  if (workerThreads()) return undefined;
  return (globalThis.navigator as { locks?: Locks } | undefined)?.locks;
}

/** A name that no other page of this origin has. */
export function lockName(): string {
  const random = globalThis.crypto.getRandomValues(new Uint32Array(4));
  return `gatewise-worker-${[...random].map((n) => n.toString(16)).join('-')}`;
}

/** In the worker: holds the lock as long as it lives, and says so. */
export async function holdLock(name: string, line: Inside): Promise<void> {
  const locks = webLocks();
  if (!locks) return;
  await new Promise<void>((held) => {
    void locks.request(name, {}, () => {
      held();
      return new Promise(() => {});
    });
  });
  line.post({ type: 'alive' });
}

/** Outside: calls `died` when the lock is free again, unless `over` was aborted before. */
export function watchLock(name: string, over: AbortSignal, died: () => void): void {
  webLocks()
    ?.request(name, { signal: over }, died)
    .catch(() => {}); // aborted: it is over
}
