import { hashText } from '@gatewise/core';
import { builtin, isNode } from './environment.js';

/** Where choices are kept between runs: a file each in Node, an entry of localStorage in a page. */
interface Shelf {
  get(name: string): string | null;
  set(name: string, text: string): void;
}

/** What was kept under a key, or null; what cannot be read counts as nothing. */
export function recall(key: string): unknown {
  try {
    const { key: kept, value } = JSON.parse(shelf()?.get(nameOf(key)) ?? 'null') ?? {};
    return kept === key ? value : null;
  } catch {
    return null;
  }
}

/** Keeps a value of plain data under a key; where nothing can be kept, that is said once. */
export function remember(key: string, value: unknown): void {
  try {
    shelf()?.set(nameOf(key), JSON.stringify({ key, value }));
  } catch (error) {
    if (!said) console.warn(`gatewise: what useBackend('auto') measured is not kept: ${String(error)}`);
    said = true;
  }
}
let said = false;

const nameOf = (key: string) => `gatewise-auto-${hashText(key).toString(16).padStart(8, '0')}`;

/** A worker has none, nor has a page that may store nothing. */
function shelf(): Shelf | null {
  if (isNode()) return files(cacheFolder());
  const store = (globalThis as { localStorage?: Storage }).localStorage;
  return store
    ? { get: (name) => store.getItem(name), set: (name, text) => store.setItem(name, text) }
    : null;
}

function files(folder: string): Shelf {
  const fs = builtin('node:fs');
  const { join } = builtin('node:path');
  return {
    get: (name) => fs.readFileSync(join(folder, `${name}.json`), 'utf8'),
    set: (name, text) => {
      const file = join(folder, `${name}.json`);
      const part = `${file}.${process.pid}.part`;
      fs.mkdirSync(folder, { recursive: true });
      fs.writeFileSync(part, text);
      fs.renameSync(part, file); // whole or not at all, whoever else writes
    },
  };
}

/** GATEWISE_CACHE, or the folder that the system has for such files. */
function cacheFolder(): string {
  const { join } = builtin('node:path');
  const { GATEWISE_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (GATEWISE_CACHE) return GATEWISE_CACHE;
  const home = builtin('node:os').homedir();
  if (process.platform === 'win32')
    return join(LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'gatewise', 'Cache');
  if (process.platform === 'darwin') return join(home, 'Library', 'Caches', 'gatewise');
  return join(XDG_CACHE_HOME || join(home, '.cache'), 'gatewise');
}
