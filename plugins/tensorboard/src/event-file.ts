import { GatewiseError } from '@gatewise/core';
import { type Event, encodeEvent } from './event.js';
import { encodeRecord } from './record.js';

/** An event file of its own name, written in bunches. */
export interface EventFile {
  add(event: Event): void;
  /** Bytes that wait. */
  waiting(): number;
  /** Errors: `GW_TENSORBOARD_WRITE`. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Opens a new file in the folder, which is made; `wallTime` in seconds. Errors: `GW_TENSORBOARD_WRITE`. */
export async function openEventFile(folder: string, wallTime: number): Promise<EventFile> {
  // Here and not above, so that importing this package in a page does no harm.
  const [{ mkdir, open }, { join }] = await Promise.all([import('node:fs/promises'), import('node:path')]);
  const file = await guarded(folder, async () => {
    await mkdir(folder, { recursive: true });
    return open(join(folder, await freeName(folder, wallTime)), 'wx');
  });
  let records: Uint8Array[] = [];
  let bytes = 0;
  const add = (event: Event) => {
    const record = encodeRecord(encodeEvent(event));
    records.push(record);
    bytes += record.length;
  };
  add({ wallTime, step: 0, what: { version: 'brain.Event:2' } });
  return {
    add,
    waiting: () => bytes,
    async flush() {
      const whole = Buffer.concat(records);
      [records, bytes] = [[], 0];
      if (whole.length > 0) await guarded(folder, () => file.appendFile(whole));
    },
    close: () => file.close(),
  };
}

/** TensorBoard reads files with `tfevents` in their names, in the order of the names. */
async function freeName(folder: string, wallTime: number): Promise<string> {
  const { readdir } = await import('node:fs/promises');
  const there = new Set(await readdir(folder));
  const seconds = String(Math.floor(wallTime)).padStart(10, '0');
  for (let n = 0; ; n++) {
    const name = `events.out.tfevents.${seconds}.gatewise.${String(n).padStart(4, '0')}`;
    if (!there.has(name)) return name;
  }
}

async function guarded<T>(folder: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GatewiseError(
      'GW_TENSORBOARD_WRITE',
      `could not write events into "${folder}" (${why}); may it be written, is the disk full?`,
      { cause },
    );
  }
}
