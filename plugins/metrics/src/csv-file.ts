import { GatewiseError } from '@gatewise/core';
import { openLineFile, type RecordFile, writeError } from './line-file.js';

/** About as many characters as a value takes. */
const VALUE = 12;

/**
 * A file of rows at the end of `file`, its first row the names of the columns. Errors: `GW_METRICS_WRITE`, `GW_METRICS_CSV` for a
 * file that is no CSV.
 */
export async function openCsvFile(file: string, replace: boolean): Promise<RecordFile> {
  let lines = await openLineFile(file, replace);
  let columns = (await readRows(file))[0] ?? [];
  let waiting: Readonly<Record<string, unknown>>[] = [];
  const widen = async (names: readonly string[]) => {
    columns = [...columns, ...names];
    await lines.close();
    await rewrite(file, columns);
    lines = await openLineFile(file, false);
  };
  return {
    add: (record) => {
      waiting.push(record);
    },
    waiting: () => waiting.length * columns.length * VALUE,
    async flush() {
      const names = new Set(waiting.flatMap((record) => Object.keys(record)));
      const added = [...names].filter((name) => !columns.includes(name));
      if (added.length > 0) await widen(added);
      if (waiting.length > 0) lines.add(await toCsv(waiting.map((record) => columns.map((c) => record[c]))));
      waiting = [];
      await lines.flush();
    },
    close: () => lines.close(),
  };
}

// Here and not above, so that importing this package in a page does no harm.
const files = () => import('node:fs/promises');

/** Rows without the line break after the last. */
async function toCsv(rows: readonly (readonly unknown[])[]): Promise<string> {
  const { stringify } = await import('csv-stringify/sync');
  return stringify([...rows.map((row) => [...row])]).trimEnd();
}

async function readRows(file: string): Promise<string[][]> {
  const [{ readFile }, { parse }] = await Promise.all([files(), import('csv-parse/sync')]);
  try {
    // a run that was killed may have left half a row
    return parse(await readFile(file, 'utf8'), { relax_column_count: true, skip_empty_lines: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GatewiseError('GW_METRICS_CSV', `got "${file}", wanted CSV to add rows to; ${why}`, { cause });
  }
}

/** The file with more columns: under another name first, so that it is there whole or as it was. */
async function rewrite(file: string, columns: readonly string[]): Promise<void> {
  const [, ...rows] = await readRows(file);
  const { rename, rm, writeFile } = await files();
  const draft = `${file}.tmp`;
  try {
    await writeFile(
      draft,
      `${await toCsv([columns, ...rows.map((row) => columns.map((_, i) => row[i]))])}\n`,
    );
    await rename(draft, file);
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw writeError(file, cause, 'what it held stays');
  }
}
