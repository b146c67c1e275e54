import type { Store } from '@gatewise/plugin';
import { corrupt, writeError } from './failures.js';
import { decode, decodeJson, encode, type Saved } from './format.js';
import { parseSums } from './sums.js';
import { byValue, type Monitored } from './watch.js';

/** A checkpoint in a folder. */
export interface Item {
  /** `step-<steps done>`, with `-epoch-<n>` behind it after epoch n, from 1. Names sort by time. */
  readonly name: string;
  readonly monitored: Monitored | null;
}

const PATTERN = /^(step-\d{9,}(?:-epoch-\d+)?)\.(safetensors|json|sha256)$/;
const ENDINGS = ['safetensors', 'json'] as const;

export const nameOf = (step: number, epoch?: number): string =>
  `step-${String(step).padStart(9, '0')}${epoch === undefined ? '' : `-epoch-${epoch}`}`;

const hex = (bytes: ArrayBuffer): string =>
  [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const sha256 = async (data: Uint8Array): Promise<string> =>
  hex(await crypto.subtle.digest('SHA-256', data as BufferSource));

/** Oldest first. */
const byName = (a: string, b: string): number => a.length - b.length || (a < b ? -1 : Number(a > b));
const byTime = (a: string, b: string): number => {
  const [[, x = ''] = [], [, y = ''] = []] = [/^step-(\d+)/.exec(a) ?? [], /^step-(\d+)/.exec(b) ?? []];
  return byName(x, y) || byName(a, b);
};

/** The checkpoints of one folder of a store. One is there when its `.sha256` is, which is written last and removed first. */
export class Shelf {
  readonly #store: Store;
  readonly #folder: string;

  constructor(store: Store, folder: string) {
    this.#store = store;
    this.#folder = folder.replace(/(.)\/+$/, '$1');
  }

  /** Names of the checkpoints, oldest first. */
  async names(): Promise<string[]> {
    const found = (await this.#files()).filter(({ ending }) => ending === 'sha256');
    return found.map(({ name }) => name).sort(byTime);
  }

  /** Errors: `GW_CHECKPOINT_CORRUPT`, `GW_CHECKPOINT_VERSION`. */
  async read(name: string): Promise<Saved> {
    const sums = await this.#sums(name);
    const json = await this.#verified(name, 'json', sums);
    // an unknown version may have other files
    decodeJson(this.#path(name), json);
    return decode(this.#path(name), json, await this.#verified(name, 'safetensors', sums));
  }

  /** What is known of one without its tensors. Errors: as of `read`. */
  async describe(name: string): Promise<Item> {
    const json = await this.#verified(name, 'json', await this.#sums(name));
    return { name, monitored: decodeJson(this.#path(name), json).monitored };
  }

  /** Puts one there: whole or, whatever happens meanwhile, not there. Errors: `GW_CHECKPOINT_WRITE`. */
  async write(name: string, saved: Saved): Promise<void> {
    const { json, tensors } = encode(saved);
    const path = this.#path(name);
    try {
      await this.#store.remove(`${path}.sha256`);
      await this.#store.write(`${path}.safetensors`, tensors);
      await this.#store.write(`${path}.json`, json);
      const lines = `${await sha256(tensors)}  ${name}.safetensors\n${await sha256(json)}  ${name}.json\n`;
      await this.#store.write(`${path}.sha256`, new TextEncoder().encode(lines));
    } catch (cause) {
      throw writeError(path, cause);
    }
  }

  /** Removes all other checkpoints, and what writes that were cut off have left. */
  async keepOnly(names: readonly string[]): Promise<void> {
    const gone = (await this.#files()).filter(({ name }) => !names.includes(name));
    const first = gone.filter(({ ending }) => ending === 'sha256');
    for (const { file } of [...first, ...gone]) await this.#store.remove(`${this.#folder}/${file}`);
  }

  async #files(): Promise<{ file: string; name: string; ending: string }[]> {
    return (await this.#store.list(this.#folder)).flatMap((file) => {
      const [, name, ending] = PATTERN.exec(file) ?? [];
      return name !== undefined && ending !== undefined ? [{ file, name, ending }] : [];
    });
  }

  #path = (name: string): string => `${this.#folder}/${name}`;

  /** Checksums by file, in the layout of `sha256sum`. */
  async #sums(name: string): Promise<ReadonlyMap<string, string>> {
    const path = `${this.#path(name)}.sha256`;
    const file = await this.#store.read(path);
    if (!file) throw corrupt(path, 'no such file', 'the checksums');
    return parseSums(path, file);
  }

  async #verified(
    name: string,
    ending: (typeof ENDINGS)[number],
    sums: ReadonlyMap<string, string>,
  ): Promise<Uint8Array> {
    const file = `${name}.${ending}`;
    const path = `${this.#path(name)}.${ending}`;
    const wanted = sums.get(file);
    if (wanted === undefined) throw corrupt(`${this.#path(name)}.sha256`, `no line of ${file}`, 'one a file');
    const data = await this.#store.read(path);
    if (!data) throw corrupt(path, 'no such file', 'the file');
    const sum = await sha256(data);
    if (sum !== wanted) throw corrupt(path, `sha256 ${sum} of ${data.byteLength} bytes`, wanted);
    return data;
  }
}

/** The last n and the best k by what was watched last, oldest first. */
export function kept(items: readonly Item[], last: number, best: number): Item[] {
  const ranked = ranking(items).slice(0, best);
  const newest = items.slice(items.length - last);
  return items.filter((item) => newest.includes(item) || ranked.includes(item));
}

/** Best first, of those with the number that was watched last. */
export function ranking(items: readonly Item[]): Item[] {
  const watched = items.filter((item): item is Item & { monitored: Monitored } => item.monitored !== null);
  const name = watched.at(-1)?.monitored.name;
  return watched.filter(({ monitored }) => monitored.name === name).sort(byValue);
}
