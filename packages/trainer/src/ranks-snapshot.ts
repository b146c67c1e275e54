import { GatewiseError } from '@gatewise/core';
import type { HostTensor, Json, RunSnapshot } from '@gatewise/plugin';
import type { Ranks } from './ranks.js';
import type { RankPart, SavedRun } from './saved-run.js';

type Tensors = Readonly<Record<string, HostTensor>>;

const own = (name: string): boolean => name.startsWith('model-state/') || name.startsWith('plugin/');
const placeOf = (rank: number): string => `rank/${rank}/`;

/** Carried states of its rows, sums of its batches: on rank 0 what other ranks have that it has not, for its snapshot; nothing on those. */
export async function gatherParts(
  ranks: Ranks,
  part: RankPart,
  tensors: Tensors,
): Promise<{ parts: Record<string, RankPart>; tensors: Tensors }> {
  const named = Object.entries(tensors).filter(([name]) => own(name));
  const sums = Object.fromEntries(
    await Promise.all(named.map(async ([name, t]) => [name, await digest(t)] as const)),
  );
  const first = JSON.parse(await ranks.tell(JSON.stringify({ part, sums }))) as {
    part: Json;
    sums: typeof sums;
  };
  const other = Object.fromEntries(named.filter(([name]) => sums[name] !== first.sums[name]));
  const same = Object.keys(other).length === 0 && JSON.stringify(part) === JSON.stringify(first.part);
  const bytes = ranks.rank === 0 || same ? new Uint8Array(0) : encode({ part, tensors: other });
  const lengths = await ranks.sum(
    Array.from({ length: ranks.size }, (_, r) => (r === ranks.rank ? bytes.length : 0)),
  );
  const gathered: { parts: Record<string, RankPart>; tensors: Record<string, HostTensor> } = {
    parts: {},
    tensors: {},
  };
  for (let r = 1; r < ranks.size; r++) {
    if (lengths[r] === 0) continue;
    const sent = await ranks.send(bytes, r);
    if (ranks.rank > 0) continue;
    const { part: theirs, tensors: their } = decode<RankPart>(sent);
    gathered.parts[r] = theirs as RankPart;
    for (const [name, t] of Object.entries(their)) gathered.tensors[placeOf(r) + name] = t;
  }
  return gathered;
}

/**
 * The snapshot as this rank goes on from it. Errors: `GW_RESUME_RANKS` for one that holds states of other ranks, where there
 * are not as many now.
 */
export function partOf(
  run: SavedRun,
  tensors: Tensors,
  rank: number,
  size: number,
): { run: SavedRun; tensors: Tensors } {
  const { ranks } = run;
  if (!ranks) return { run, tensors };
  if (ranks.size !== size) {
    throw new GatewiseError(
      'GW_RESUME_RANKS',
      `got ${size} ranks, wanted ${ranks.size}, as saved: the run holds states of each, such as those carried from batch to batch; ` +
        'start as many, or take the weights alone into a new run (loadCheckpoint)',
    );
  }
  const part = ranks.parts[rank];
  if (!part) return { run, tensors };
  const place = placeOf(rank);
  const mine = Object.entries(tensors).filter(([name]) => name.startsWith(place));
  return {
    run: { ...run, plugins: part.plugins, open: part.open, model: { ...run.model, state: part.modelState } },
    tensors: { ...tensors, ...Object.fromEntries(mine.map(([name, t]) => [name.slice(place.length), t])) },
  };
}

/** The snapshot that rank 0 goes on from, on every rank; undefined where it begins. */
export async function shareSnapshot(
  ranks: Ranks,
  snapshot: RunSnapshot | undefined,
): Promise<RunSnapshot | undefined> {
  const bytes = snapshot && encode({ part: snapshot.state, tensors: snapshot.tensors });
  const sent = await ranks.send(ranks.rank === 0 && bytes ? bytes : new Uint8Array(0));
  if (sent.length === 0) return undefined;
  const { part, tensors } = decode<RunSnapshot['state']>(sent);
  return { state: part, tensors };
}

async function digest({ values }: HostTensor): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytesOf(values) as BufferSource));
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

const bytesOf = ({ buffer, byteOffset, byteLength }: HostTensor['values']) =>
  new Uint8Array(buffer, byteOffset, byteLength);
const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

/** [length of the JSON, JSON with dtypes and shapes, values one after the other]. */
function encode({ part, tensors }: { part: unknown; tensors: Tensors }): Uint8Array {
  const entries = Object.entries(tensors);
  const list = entries.map(([name, { dtype, shape, values }]) => ({
    name,
    dtype,
    shape,
    length: values.byteLength,
  }));
  const json = new TextEncoder().encode(JSON.stringify({ part, list }));
  const bytes = new Uint8Array(4 + json.length + list.reduce((n, { length }) => n + length, 0));
  new DataView(bytes.buffer).setUint32(0, json.length, true);
  bytes.set(json, 4);
  let at = 4 + json.length;
  for (const [, { values }] of entries) {
    bytes.set(bytesOf(values), at);
    at += values.byteLength;
  }
  return bytes;
}

function decode<Part>(bytes: Uint8Array): { part: Part; tensors: Record<string, HostTensor> } {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const { part, list } = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as {
    part: Part;
    list: { name: string; dtype: HostTensor['dtype']; shape: number[]; length: number }[];
  };
  let at = 4 + length;
  const tensors = list.map(({ name, dtype, shape, length: size }) => {
    const values = new arrays[dtype](bytes.slice(at, at + size).buffer);
    at += size;
    return [name, { dtype, shape, values }] as const;
  });
  return { part, tensors: Object.fromEntries(tensors) };
}
