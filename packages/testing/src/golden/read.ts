import { GatewiseError } from '@gatewise/core';
import { isModelFile } from './file.js';
import { type GoldenResult, replayGolden } from './replay.js';
import type { GoldenOptions } from './run.js';

/**
 * The JSON files at paths, folders walked, sorted; Node only. A model's own description in a folder is passed over.
 * Errors: `GW_GOLDEN_PATH`.
 */
export async function findGolden(paths: readonly string[]): Promise<string[]> {
  const { readdir, stat } = await import('node:fs/promises');
  const { join } = await import('node:path');
  const walk = async (path: string): Promise<string[]> => {
    const found = await stat(path).catch((cause: Error) => {
      throw new GatewiseError('GW_GOLDEN_PATH', `got ${path} (${cause.message}), wanted a file or folder that exists`, {
        cause,
      });
    });
    if (!found.isDirectory()) return [path];
    const names = (await readdir(path)).sort();
    const inside = await Promise.all(names.map((name) => walk(join(path, name))));
    return inside.flat().filter((file) => file.endsWith('.json'));
  };
  return (await Promise.all(paths.map(walk))).flat();
}

/** Reads and replays one file; null for a model's own description. Node only; never throws. */
export async function replayGoldenFile(path: string, options: GoldenOptions = {}): Promise<GoldenResult | null> {
  const { readFile } = await import('node:fs/promises');
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    const reason = `GW_GOLDEN_JSON: got ${error instanceof Error ? error.message : String(error)}, wanted JSON; copy the file again`;
    return { file: path, status: 'failed', reason, comparisons: [] };
  }
  return isModelFile(json) ? null : replayGolden(path, json, options);
}
