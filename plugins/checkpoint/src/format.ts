import { GatewiseError } from '@gatewise/core';
import type { HostTensor, Json, RunSnapshot } from '@gatewise/plugin';
import { type Entry, entryOf, readSafetensors, valuesOf, writeSafetensors } from '@gatewise/safetensors';
import { corrupt } from './failures.js';
import type { Monitored } from './watch.js';

/** What the files say of themselves; another version is refused. */
const FORMAT = 'gatewise-checkpoint';
const VERSION = 1;

/** `<name>.json`, and `<name>.safetensors` beside it; FORMAT.md says what stands in them. */
export interface Saved {
  /** When it was written, ISO 8601. */
  readonly written: string;
  /** Of an epoch that was watched. */
  readonly monitored: Monitored | null;
  readonly snapshot: RunSnapshot;
}

const types = { float32: 'F32', int32: 'I32', bool: 'BOOL' } as const;

/** The two files of a checkpoint. */
export function encode({ written, monitored, snapshot }: Saved): { json: Uint8Array; tensors: Uint8Array } {
  const entries = Object.entries(snapshot.tensors).map(
    ([name, { dtype, shape, values }]): [string, Entry] => [name, entryOf(types[dtype], shape, values)],
  );
  const json = { format: FORMAT, version: VERSION, written, monitored, run: snapshot.state };
  return {
    json: new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`),
    tensors: writeSafetensors(new Map(entries), { format: FORMAT, version: String(VERSION) }),
  };
}

/** Reads what `encode` wrote. Errors: `GW_CHECKPOINT_VERSION`, `GW_CHECKPOINT_CORRUPT` for what it never writes. */
export function decode(path: string, file: Uint8Array, tensors: Uint8Array): Saved {
  const { written, monitored, run } = decodeJson(path, file);
  const { tensors: entries } = attempt(`${path}.safetensors`, () => readSafetensors(tensors));
  const host = [...entries].map(([name, entry]): [string, HostTensor] => [name, hostOf(path, name, entry)]);
  return { written, monitored, snapshot: { state: run, tensors: Object.fromEntries(host) } };
}

/** The JSON alone: where training stood, and what was watched. Errors: as of `decode`. */
export function decodeJson(path: string, file: Uint8Array) {
  const json = attempt(`${path}.json`, () => JSON.parse(new TextDecoder().decode(file)) as Json) as {
    [key: string]: Json;
  } | null;
  const { format, version, written, monitored, run } = json ?? {};
  if (format === FORMAT && version !== VERSION) {
    throw new GatewiseError(
      'GW_CHECKPOINT_VERSION',
      `got version ${JSON.stringify(version)} in "${path}.json", wanted ${VERSION}; read it with the release of @gatewise/plugin-checkpoint that wrote it`,
    );
  }
  if (format !== FORMAT || typeof written !== 'string' || !isObject(run) || !isMonitored(monitored)) {
    throw corrupt(`${path}.json`, `format ${JSON.stringify(format)}`, `a checkpoint of ${FORMAT}`);
  }
  return { written, monitored: monitored as unknown as Monitored | null, run };
}

const isObject = (value: Json | undefined): value is { [key: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function isMonitored(value: Json | undefined): boolean {
  if (value === null) return true;
  if (!isObject(value)) return false;
  const { name, value: number, mode } = value;
  return typeof name === 'string' && typeof number === 'number' && (mode === 'min' || mode === 'max');
}

function hostOf(path: string, name: string, entry: Entry): HostTensor {
  const dtype = (Object.keys(types) as (keyof typeof types)[]).find((t) => types[t] === entry.dtype);
  if (!dtype) throw corrupt(`${path}.safetensors`, `"${name}" as ${entry.dtype}`, 'F32, I32 or BOOL');
  return { dtype, shape: entry.shape, values: valuesOf(entry) as HostTensor['values'] };
}

function attempt<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw corrupt(path, (error as Error).message.slice(0, 200), 'what was saved');
  }
}
