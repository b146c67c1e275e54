import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { GatewiseError } from '@gatewise/core';

/** The folder of a run, made here and now. */
export interface RunFolder {
  readonly name: string;
  readonly path: string;
}

/**
 * Makes runs/<name>, or runs/<base>-1, -2, … the first that is free. An existing one is never used.
 * Errors: `GW_RUN_EXISTS`, `GW_RUN_FOLDER`.
 */
export async function makeRunFolder(
  runs: string,
  base: string,
  name: string | undefined,
): Promise<RunFolder> {
  await mkdir(runs, { recursive: true }).catch((cause) => cannotMake(runs, cause));
  if (name === undefined) return firstFree(runs, base);
  if (await make(runs, name)) return { name, path: join(runs, name) };
  throw new GatewiseError(
    'GW_RUN_EXISTS',
    `got --name ${name}, but ${join(runs, name)} exists; choose another name`,
  );
}

async function firstFree(runs: string, base: string): Promise<RunFolder> {
  let n = 1;
  while (!(await make(runs, `${base}-${n}`))) n++;
  return { name: `${base}-${n}`, path: join(runs, `${base}-${n}`) };
}

/** False where there is one already: two runs that start together never share one. */
async function make(runs: string, name: string): Promise<boolean> {
  try {
    await mkdir(join(runs, name));
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    return cannotMake(runs, cause);
  }
}

function cannotMake(runs: string, cause: unknown): never {
  const why = cause instanceof Error ? cause.message : String(cause);
  throw new GatewiseError(
    'GW_RUN_FOLDER',
    `could not make a folder in ${runs} (${why}), wanted one for this run; may it be written?`,
    { cause },
  );
}
