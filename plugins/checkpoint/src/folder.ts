import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { GatewiseError } from '@gatewise/core';
import { corrupt, missing, writeError } from './failures.js';
import { parseSums } from './sums.js';

/** The contents of a folder, by file name. */
export type Files = Readonly<Record<string, Uint8Array>>;

/** sha256 of each file, in the layout of `sha256sum -c`. */
const SUMS = 'SHA256SUMS';
const OURS = ['model.json', 'weights.bin', SUMS];

const text = (t: string): Uint8Array => new TextEncoder().encode(t);
const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/**
 * Replaces a whole folder: written beside it, flushed, renamed into its place. Until the last rename the old one is
 * complete, there or as `<folder>.old`, where `readFolder` finds it. Errors: `GW_CHECKPOINT_WRITE`, `GW_CHECKPOINT_FOLDER`.
 */
export async function writeFolder(folder: string, files: Files): Promise<void> {
  const target = resolve(folder);
  const temporary = `${target}.tmp-${process.pid}`;
  try {
    await mkdir(dirname(target), { recursive: true });
    await recover(target);
    await refuseForeign(target);
    await removeLeft(target);
    await mkdir(temporary);
    const sums = Object.entries(files).map(([name, data]) => `${sha256(data)}  ${name}\n`);
    for (const [name, data] of Object.entries({ ...files, [SUMS]: text(sums.join('')) })) {
      await writeFlushed(join(temporary, name), data);
    }
    await flushFolder(temporary);
    await swap(temporary, target);
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    throw cause instanceof GatewiseError ? cause : writeError(folder, cause);
  }
}

async function writeFlushed(path: string, data: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes renames last through a power cut; Windows has no such thing. */
async function flushFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  await folder.sync().finally(() => folder.close());
}

async function swap(temporary: string, target: string): Promise<void> {
  const old = `${target}.old`;
  await rm(old, { recursive: true, force: true });
  const replaces = await exists(target);
  if (replaces) await rename(target, old);
  try {
    await rename(temporary, target);
  } catch (error) {
    if (replaces) await rename(old, target);
    throw error;
  }
  await flushFolder(dirname(target));
  await rm(old, { recursive: true, force: true });
}

/** A process that died between the two renames left the whole folder as `<folder>.old`. */
async function recover(target: string): Promise<void> {
  if (!(await exists(target)) && (await exists(`${target}.old`))) await rename(`${target}.old`, target);
}

/** What processes that died while they wrote have left beside the target. */
async function removeLeft(target: string): Promise<void> {
  const prefix = `${basename(target)}.tmp-`;
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number(name.slice(prefix.length));
    if (pid === process.pid || !alive(pid))
      await rm(join(dirname(target), name), { recursive: true, force: true });
  }
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // Not ours to signal, but there.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function refuseForeign(target: string): Promise<void> {
  if (!(await exists(target))) return;
  const foreign = (await readdir(target)).filter((name) => !OURS.includes(name));
  if (foreign.length === 0) return;
  throw new GatewiseError(
    'GW_CHECKPOINT_FOLDER',
    `got a folder "${target}" that holds ${foreign.slice(0, 3).join(', ')}, wanted a new or empty one, ` +
      `since saving replaces it as a whole; choose "${join(target, 'model')}"`,
  );
}

/**
 * Reads the files that are there and compares their checksums, where it has some: a folder that plain tf.js wrote has none.
 * Errors: `GW_CHECKPOINT_MISSING`, `GW_CHECKPOINT_CORRUPT`.
 */
export async function readFolder(folder: string): Promise<(name: string) => Promise<Uint8Array>> {
  const target = resolve(folder);
  const moved = !(await exists(target)) && (await exists(`${target}.old`));
  const at = moved ? `${target}.old` : target;
  if (!(await exists(join(at, 'model.json')))) throw missing(folder);
  const expected = await readSums(at, folder);
  return async (name) => {
    const data = await readFile(join(at, name)).catch(() => undefined);
    if (!data) throw corrupt(join(folder, name), 'no such file', 'the file');
    const wanted = expected.get(name);
    if (wanted !== undefined && sha256(data) !== wanted) {
      const got = `other bytes than were saved (${data.byteLength} now)`;
      throw corrupt(join(folder, name), got, `sha256 ${wanted}`);
    }
    return data;
  };
}

async function readSums(at: string, folder: string): Promise<ReadonlyMap<string, string>> {
  const file = await readFile(join(at, SUMS)).catch(() => undefined);
  return file ? parseSums(join(folder, SUMS), file) : new Map();
}
