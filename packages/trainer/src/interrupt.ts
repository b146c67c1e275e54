/** Launchers such as npm pass a signal on that the terminal has sent already: what comes within these milliseconds is one Ctrl-C. */
const ONE_PRESS = 500;

interface NodeProcess {
  on(signal: 'SIGINT', listener: () => void): unknown;
  off(signal: 'SIGINT', listener: () => void): unknown;
  listenerCount(signal: 'SIGINT'): number;
  exit(code: number): never;
  getBuiltinModule?(name: 'node:worker_threads'): { readonly isMainThread: boolean };
}

/** What to call at the first Ctrl-C, one for each run under way; one listener serves them all. */
const runs = new Set<() => void>();
let pressed: number | undefined;

function onInterrupt(): void {
  const now = performance.now();
  if (pressed !== undefined && now - pressed > ONE_PRESS) process.exit(130);
  if (pressed !== undefined) return;
  pressed = now;
  for (const end of runs) end();
}

/**
 * Runs `body`; Ctrl-C meanwhile calls `end`, and a second one ends the process with exit code 130. Where `wanted` is undefined,
 * not in a program that listens for SIGINT itself; never outside Node's main thread.
 */
export async function interruptibly<T>(
  wanted: boolean | undefined,
  end: () => void,
  body: () => Promise<T>,
): Promise<T> {
  const node = mainThread();
  const others = node ? node.listenerCount('SIGINT') - (runs.size > 0 ? 1 : 0) : 0;
  if (!node || wanted === false || (wanted === undefined && others > 0)) return body();
  if (runs.size === 0) {
    pressed = undefined;
    node.on('SIGINT', onInterrupt);
  }
  runs.add(end);
  try {
    return await body();
  } finally {
    runs.delete(end);
    if (runs.size === 0) node.off('SIGINT', onInterrupt);
  }
}

/** Node's process in its main thread; undefined in pages and workers. */
function mainThread(): NodeProcess | undefined {
  const { process: node, document } = globalThis as { process?: NodeProcess; document?: unknown };
  if (document !== undefined || typeof node?.listenerCount !== 'function') return undefined;
  return node.getBuiltinModule?.('node:worker_threads').isMainThread === true ? node : undefined;
}
