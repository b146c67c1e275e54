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
 * Errors: `GW_QUICKSTART_EXISTS`, `GW_QUICKSTART_FOLDER`.
 */
export async function makeRunFolder(
  runs: string,
  base: string,
  name: string | undefined,
): Promise<RunFolder> {
  try {
    await mkdir(runs, { recursive: true });
    if (name !== undefined) return await make(runs, name);
    for (let n = 1; ; n++) {
      const made = await make(runs, `${base}-${n}`).catch(whereTaken);
      if (made) return made;
    }
  } catch (cause) {
    if (name !== undefined && isTaken(cause)) {
      throw new GatewiseError(
        'GW_QUICKSTART_EXISTS',
        `got --name ${name}, but ${join(runs, name)} exists; choose another name`,
      );
    }
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GatewiseError(
      'GW_QUICKSTART_FOLDER',
      `could not make a folder in ${runs} (${why}); may it be written?`,
      { cause },
    );
  }
}

async function make(runs: string, name: string): Promise<RunFolder> {
  const path = join(runs, name);
  await mkdir(path);
  return { name, path };
}

const isTaken = (cause: unknown) => (cause as NodeJS.ErrnoException).code === 'EEXIST';

function whereTaken(cause: unknown): undefined {
  if (!isTaken(cause)) throw cause;
}
