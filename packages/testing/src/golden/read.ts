import { isModelFile } from './file.js';
import { type GoldenResult, replayGolden } from './replay.js';
import type { GoldenOptions } from './run.js';

interface NodeModules {
  'node:fs/promises': typeof import('node:fs/promises');
  'node:path': typeof import('node:path');
}
/** Node's own module by name: this package is bundled for pages too, which replay JSON that they have. */
const builtin = <Name extends keyof NodeModules>(name: Name): NodeModules[Name] =>
  process.getBuiltinModule(name) as NodeModules[Name];

/**
 * The files at paths, folders walked for JSON, sorted; Node only. A path that is not there stays in the list: replaying
 * it says so.
 */
export async function findGolden(paths: readonly string[]): Promise<string[]> {
  const { readdir, stat } = builtin('node:fs/promises');
  const { join } = builtin('node:path');
  const walk = async (path: string): Promise<string[]> => {
    const found = await stat(path).catch(() => null);
    if (!found?.isDirectory()) return [path];
    const names = (await readdir(path)).sort();
    const inside = await Promise.all(names.map((name) => walk(join(path, name))));
    return inside.flat().filter((file) => file.endsWith('.json'));
  };
  return (await Promise.all(paths.map(walk))).flat();
}

/**
 * Reads and replays one file; Node only. Never throws: an unreadable file is failed with `GW_GOLDEN_PATH` or
 * `GW_GOLDEN_JSON`. Null for a model's own description, which lies beside golden files and is none.
 */
export async function replayGoldenFile(
  path: string,
  options: GoldenOptions = {},
): Promise<GoldenResult | null> {
  const { readFile } = builtin('node:fs/promises');
  const failed = (reason: string): GoldenResult => ({
    file: path,
    status: 'failed',
    reason,
    comparisons: [],
  });
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return failed(
      `GW_GOLDEN_PATH: got ${(error as Error).message}, wanted a file or folder; check the spelling`,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return failed(`GW_GOLDEN_JSON: got ${(error as Error).message}, wanted JSON; copy the file again`);
  }
  if (isModelFile(json)) return null;
  const folder = builtin('node:path').dirname(path);
  return replayGolden(path, json, { read: (name) => beside(folder, name), ...options });
}

/** A file in a folder or below it. */
async function beside(folder: string, name: string): Promise<Uint8Array | undefined> {
  const { isAbsolute, join, normalize } = builtin('node:path');
  if (isAbsolute(name) || normalize(name).startsWith('..')) return undefined;
  const found = await builtin('node:fs/promises')
    .readFile(join(folder, name))
    .catch(() => undefined);
  return found && new Uint8Array(found);
}
