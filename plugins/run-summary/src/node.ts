/** Node's own module by name; undefined in a page. Nothing is imported, so a bundle for pages has none. */
export function builtin<Name extends keyof Modules>(name: Name): Modules[Name] | undefined {
  const { process: node } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  return node?.getBuiltinModule?.(name) as Modules[Name] | undefined;
}

interface Modules {
  'node:child_process': typeof import('node:child_process');
  'node:fs': typeof import('node:fs');
  'node:os': typeof import('node:os');
  'node:path': typeof import('node:path');
}
