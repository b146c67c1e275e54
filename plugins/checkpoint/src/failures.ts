import { GatewiseError } from '@gatewise/core';

/** Nothing there. */
export function missing(folder: string): GatewiseError {
  return new GatewiseError(
    'GW_CHECKPOINT_MISSING',
    `got no model.json in "${folder}", wanted a saved model; check the path, or save one first`,
  );
}

/** A file that is not what was saved. */
export function corrupt(path: string, got: string, wanted: string): GatewiseError {
  return new GatewiseError(
    'GW_CHECKPOINT_CORRUPT',
    `got ${got} in "${path}", wanted ${wanted}; the file is damaged`,
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
