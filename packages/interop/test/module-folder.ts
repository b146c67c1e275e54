import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** What a written module exports, in words that hold for any model. */
export interface StandaloneModel {
  run(x: ArrayLike<unknown>): Float32Array | Float32Array[];
  push(step: unknown): Float32Array;
  reset(): void;
}

/** Writes modules into a folder of their own, for Node to import. */
export async function moduleFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'gatewise-standalone-'));
  let written = 0;
  const write = async (module: string): Promise<string> => {
    const path = join(folder, `model${written++}.mjs`);
    await writeFile(path, module);
    return pathToFileURL(path).href;
  };
  return {
    write,
    /** The class of a module, imported from its file. */
    async classOf(module: string): Promise<new () => StandaloneModel> {
      return (await import(/* @vite-ignore */ await write(module))).Model;
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
