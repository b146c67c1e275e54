import type { FileHandle } from 'node:fs/promises';
import { GatewiseError } from '@gatewise/core';

/** A file of one line each: written in bunches, never left with half a line. */
export interface LineFile<Line = string> {
  add(line: Line): void;
  /** Characters that wait, about. */
  waiting(): number;
  /** Errors: `GW_METRICS_WRITE`; nothing is written after one. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Each line a record of named values. */
export type RecordFile = LineFile<Readonly<Record<string, unknown>>>;

/** Opens `file` for lines at its end, and makes its folder. Errors: `GW_METRICS_WRITE`. */
export async function openLineFile(file: string, replace: boolean): Promise<LineFile> {
  // Here and not above, so that importing this package in a page does no harm.
  const [{ mkdir, open }, { dirname }] = await Promise.all([import('node:fs/promises'), import('node:path')]);
  try {
    await mkdir(dirname(file), { recursive: true });
    const handle = await open(file, replace ? 'w+' : 'a+');
    return lineFile(file, handle, await endsWithin(handle));
  } catch (cause) {
    throw writeError(file, cause, 'nothing was written');
  }
}

/** True where the file ends inside a line: a run was killed while it wrote. */
async function endsWithin(handle: FileHandle): Promise<boolean> {
  const { size } = await handle.stat();
  if (size === 0) return false;
  const { buffer } = await handle.read({ buffer: Buffer.alloc(1), position: size - 1 });
  return buffer[0] !== 0x0a;
}

function lineFile(file: string, handle: FileHandle, within: boolean): LineFile {
  let text = within ? '\n' : '';
  let lines = 0;
  let open = true;
  return {
    add(line) {
      text += `${line}\n`;
      lines++;
    },
    waiting: () => text.length,
    async flush() {
      if (!open || text === '') return;
      const { size } = await handle.stat();
      try {
        await handle.appendFile(text);
      } catch (cause) {
        open = false;
        // Half a line must not stay; what cannot be cut, such as a device, has no lines.
        await handle.truncate(size).catch(() => undefined);
        throw writeError(file, cause, `what it held stays; ${lines} new lines are lost`);
      }
      text = '';
      lines = 0;
    },
    async close() {
      open = false;
      await handle.close();
    },
  };
}

const fixes: Record<string, string> = {
  ENOSPC: 'free some space on the disk',
  EDQUOT: 'free some space: the quota is used up',
  EFBIG: 'the file has reached the size limit: choose a larger `every`',
  EACCES: 'choose a file that may be written',
  EPERM: 'choose a file that may be written',
  EROFS: 'the disk is read-only: choose another',
  EISDIR: 'that is a folder: name a file in it',
  ENOTDIR: 'a part of the path is a file: choose another folder',
  EEXIST: 'a part of the path is a file: choose another folder',
};

export function writeError(file: string, cause: unknown, kept: string): GatewiseError {
  const { code = 'unknown error', message } = cause as NodeJS.ErrnoException;
  const fix = fixes[code] ?? message;
  const what = `got ${code} on writing "${file}", wanted a file to add lines to; ${fix} (${kept})`;
  return new GatewiseError('GW_METRICS_WRITE', what, { cause });
}
