/** Node's worker_threads, where this is Node: nothing is imported, so a bundle for pages has none of it. */
export function workerThreads(): typeof import('node:worker_threads') | undefined {
  const { process: node, document } = globalThis as {
    process?: { getBuiltinModule?(name: string): unknown };
    document?: unknown;
  };
  if (document !== undefined) return undefined;
  return node?.getBuiltinModule?.('node:worker_threads') as typeof import('node:worker_threads') | undefined;
}
