import { memoryStore, type Store } from '@gatewise/plugin';

/** Reads what is there, and keeps what is written in memory: nothing changes on disk. */
export function dryStore(real: Store): Store {
  const written = memoryStore();
  const removed = new Set<string>();
  return {
    read: async (path) => (await written.read(path)) ?? (removed.has(path) ? undefined : real.read(path)),
    write: async (path, data) => written.write(path, data),
    async list(folder) {
      const prefix = folder === '' || folder.endsWith('/') ? folder : `${folder}/`;
      const there = (await real.list(folder)).filter((name) => !removed.has(`${prefix}${name}`));
      return [...new Set([...there, ...(await written.list(folder))])];
    },
    async remove(path) {
      removed.add(path);
      await written.remove(path);
    },
  };
}

/** Reads what is there; what is written is left to another process. */
export const readOnly = ({ read, list }: Store): Store => ({
  read,
  list,
  write: async () => {},
  remove: async () => {},
});
