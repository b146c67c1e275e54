import { GatewiseError } from '@gatewise/core';
import type { Logger } from '@gatewise/plugin';
import type { Saved } from './format.js';
import { type Item, ranking, type Shelf } from './shelf.js';

/** One that was read and verified, and those before it in time. */
export interface Found extends Saved {
  readonly name: string;
  /** Up to it and with it, oldest first. */
  readonly items: readonly Item[];
}

/**
 * The newest checkpoint that is whole, or the best: damaged ones are passed over, and said. undefined where there is none.
 * Errors: `GW_CHECKPOINT_CORRUPT` where all are damaged, `GW_CHECKPOINT_VERSION`.
 */
export async function find(shelf: Shelf, which: 'last' | 'best', logger: Logger): Promise<Found | undefined> {
  const names = await shelf.names();
  let damage: unknown;
  const attempt = async <T>(name: string, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof GatewiseError) || error.code !== 'GW_CHECKPOINT_CORRUPT') throw error;
      damage = error;
      logger.warn(`the checkpoint ${name} is passed over: ${error.message}`);
      return undefined;
    }
  };
  const items: Item[] = [];
  for (const name of names) {
    const item = await attempt(name, () => shelf.describe(name));
    if (item) items.push(item);
  }
  const wanted = which === 'best' ? ranking(items) : [...items].reverse();
  for (const { name } of wanted) {
    const saved = await attempt(name, () => shelf.read(name));
    const before = items.slice(0, items.findIndex((item) => item.name === name) + 1);
    if (saved) return { ...saved, name, items: before };
    items.splice(before.length - 1, 1);
  }
  if (damage !== undefined) throw damage;
  return undefined;
}
