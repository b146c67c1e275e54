import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { GatewiseError } from '@gatewise/core';

/** What else could be loaded: `last` and `best` in a folder or beside it. */
async function alternative(folder: string): Promise<string> {
  const target = resolve(folder);
  const there: string[] = [];
  for (const parent of [target, dirname(target)]) {
    for (const name of ['last', 'best']) {
      const path = join(parent, name);
      const found = await stat(join(path, 'model.json')).then(
        () => true,
        () => false,
      );
      if (found && path !== target) there.push(`"${join(folder, parent === target ? '' : '..', name)}"`);
    }
  }
  return there.length > 0 ? `there is ${there.join(' and ')}` : '';
}

/** Nothing there. */
export async function missing(folder: string): Promise<GatewiseError> {
  const fix = (await alternative(folder)) || 'check the path, or train with the checkpoint plugin first';
  return new GatewiseError(
    'GW_CHECKPOINT_MISSING',
    `got no model.json in "${folder}", wanted a saved model; ${fix}`,
  );
}

/** Something there that is not what was saved. */
export async function corrupt(
  folder: string,
  file: string,
  got: string,
  wanted: string,
): Promise<GatewiseError> {
  const fix = (await alternative(folder)) || 'restore it from a copy';
  return new GatewiseError(
    'GW_CHECKPOINT_CORRUPT',
    `got ${got} in "${join(folder, file)}", wanted ${wanted}; the file is damaged: ${fix}`,
  );
}

const fixes: Record<string, string> = {
  ENOSPC: 'free some space on the disk',
  EDQUOT: 'free some space: the quota is used up',
  EFBIG: 'the model is larger than the file size limit: raise it (ulimit -f)',
  EACCES: 'choose a folder that may be written',
  EPERM: 'choose a folder that may be written',
  EROFS: 'the disk is read-only: choose another',
  ENOTDIR: 'a part of the path is a file: choose another folder',
  EEXIST: 'a part of the path is a file: choose another folder',
};

/** A write failed; what was saved before is still there. */
export function writeError(folder: string, cause: unknown): GatewiseError {
  const { code = 'an error', message } = cause as NodeJS.ErrnoException;
  return new GatewiseError(
    'GW_CHECKPOINT_WRITE',
    `got ${code} on writing "${folder}", wanted to save a model there; ${fixes[code] ?? message}. ` +
      'What was saved there before is untouched',
    { cause },
  );
}
