/** True in Node (and not in a page that happens to have Node's `process`, as in Electron). */
export function isNode(): boolean {
  return (
    typeof process === 'object' && process?.versions?.node !== undefined && typeof document === 'undefined'
  );
}

/** Node's own module by name, with no import that a bundler for browsers would have to resolve. */
export function builtin<Name extends keyof NodeModules>(name: Name): NodeModules[Name] {
  return process.getBuiltinModule(name) as NodeModules[Name];
}

interface NodeModules {
  'node:child_process': typeof import('node:child_process');
  'node:fs': typeof import('node:fs');
  'node:module': typeof import('node:module');
  'node:os': typeof import('node:os');
  'node:path': typeof import('node:path');
  'node:url': typeof import('node:url');
  'node:util': typeof import('node:util') & Record<string, unknown>;
}

/** `require` as seen from a file, for packages that only Node loads: bundlers must not follow these. */
export function requireFrom(file: string): NodeJS.Require {
  return builtin('node:module').createRequire(file);
}
