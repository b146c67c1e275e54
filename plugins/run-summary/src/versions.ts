import { version_core } from '@tensorflow/tfjs-core';
import { builtin } from './node.js';

const scopes = ['@gatewise', '@tensorflow'];

/** Versions by name: the runtime, tfjs-core, and in Node every installed package of gatewise and TensorFlow.js. */
export function describeVersions(from?: string): Record<string, string> {
  return { ...runtime(), ...installed(from), '@tensorflow/tfjs-core': version_core };
}

function runtime(): Record<string, string> {
  const { process: node, navigator } = globalThis as {
    process?: { readonly versions?: { readonly node?: string } };
    navigator?: { readonly userAgent?: string };
  };
  const version = node?.versions?.node;
  return version === undefined ? { browser: navigator?.userAgent ?? 'unknown' } : { node: version };
}

/** Of the nearest node_modules that has each, from the program's folder upwards, then from the current one. */
function installed(from: string | undefined): Record<string, string> {
  const [fs, path] = [builtin('node:fs'), builtin('node:path')];
  if (!fs || !path) return {};
  const program = process.argv[1];
  const starts = [from ?? (program === undefined ? undefined : path.dirname(program)), from ?? process.cwd()];
  const found: Record<string, string> = {};
  for (const folder of starts.flatMap((start) => (start === undefined ? [] : ancestors(path, start)))) {
    for (const scope of scopes) {
      const packages = path.join(folder, 'node_modules', scope);
      for (const name of fs.existsSync(packages) ? fs.readdirSync(packages) : []) {
        const version = readVersion(fs, path.join(packages, name, 'package.json'));
        if (version !== undefined) found[`${scope}/${name}`] ??= version;
      }
    }
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function ancestors(path: typeof import('node:path'), folder: string): string[] {
  const above = path.dirname(folder);
  return above === folder ? [folder] : [folder, ...ancestors(path, above)];
}

function readVersion(fs: typeof import('node:fs'), file: string): string | undefined {
  try {
    return (JSON.parse(fs.readFileSync(file, 'utf8')) as { version?: string }).version;
  } catch {
    return undefined; // a folder that is no package
  }
}
