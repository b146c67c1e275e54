import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { GatewiseError } from '@gatewise/core';
import type { TextOptions } from './options.js';
import type { RunFolder } from './run-folder.js';

/** What a model learns from. */
export interface Text {
  readonly title: string;
  readonly text: string;
  /** Its file, where it is one. */
  readonly path?: string;
}

/** What a run was started with, so that it can go on. */
interface RunRecord {
  readonly version: 1;
  readonly text: { readonly title: string; readonly path?: string; readonly sha256: string };
  readonly options: TextOptions;
}

const file = 'options.json';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

export async function writeRecord(
  folder: string,
  { text, options }: { text: Text; options: TextOptions },
): Promise<void> {
  const { title, path } = text;
  const record: RunRecord = {
    version: 1,
    text: { title, ...(path !== undefined && { path: resolve(path) }), sha256: sha256(text.text) },
    options,
  };
  await writeFile(join(folder, file), `${JSON.stringify(record, undefined, 2)}\n`);
}

/** A run that can go on, with the options that it was started with. */
export interface Resumable {
  readonly folder: RunFolder;
  readonly record: RunRecord;
}

/** Reads a run folder. Errors: `GW_RUN_MISSING`, `GW_RUN_RECORD`. */
export async function readRecord(folder: string): Promise<Resumable> {
  const path = resolve(folder);
  const text = await readFile(join(path, file), 'utf8').catch((cause) => {
    throw new GatewiseError(
      'GW_RUN_MISSING',
      `got ${folder}, which holds no ${file}, wanted the folder of a run, such as runs/lstm-seed1-1`,
      { cause },
    );
  });
  try {
    const record = JSON.parse(text) as RunRecord;
    if (record.version === 1 && typeof record.options === 'object') {
      return { folder: { name: basename(path), path }, record };
    }
  } catch {
    // told below
  }
  throw new GatewiseError('GW_RUN_RECORD', `got ${join(folder, file)} that is damaged or of another version`);
}

/** Reads a text from a file. Errors: `GW_RUN_TEXT`. */
export async function readText(path: string): Promise<Text> {
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new GatewiseError(
      'GW_RUN_TEXT',
      `could not read ${path} (${cause.message}), wanted a text in UTF-8`,
      {
        cause,
      },
    );
  });
  return { title: basename(path), text, path };
}

/** Errors: `GW_RUN_TEXT` where a text is not the one that the run learned from. */
export function checkSameText(text: Text, { record, folder }: Resumable): void {
  if (sha256(text.text) === record.text.sha256) return;
  throw new GatewiseError(
    'GW_RUN_TEXT',
    `got another text than ${folder.name} learned from ("${record.text.title}"), wanted the same; give its file, or start a new run`,
  );
}
