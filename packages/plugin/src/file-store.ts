import { noStore, type Store } from './services.js';

type Process = { getBuiltinModule?(name: string): unknown; readonly pid: number; readonly platform: string };
type Modules = {
  readonly fs: typeof import('node:fs/promises');
  readonly path: typeof import('node:path');
  readonly process: Process;
};

/** Node's modules where this is Node; nothing is imported, so a bundle for pages has none. */
function nodeModules(): Modules | undefined {
  const process = (globalThis as { process?: Process }).process;
  const fs = process?.getBuiltinModule?.('node:fs/promises') as Modules['fs'] | undefined;
  const path = process?.getBuiltinModule?.('node:path') as Modules['path'] | undefined;
  return process && fs && path ? { fs, path, process } : undefined;
}

/**
 * The file system: a file is written beside the one that is there, flushed and renamed over it, so at every moment, a kill
 * or a power cut included, one of the two is there whole. Paths are as Node takes them. Where there is no file system, its
 * first use is refused (`GW_STORE_MISSING`). Errors of the file system come as they are.
 *
 * @example await fileStore().write('runs/first/notes.txt', new TextEncoder().encode('begun'));
 */
export function fileStore(): Store {
  const modules = nodeModules();
  if (!modules) return noStore();
  const { fs } = modules;
  return {
    read: (path) => fs.readFile(path).catch(ignoring<undefined>('ENOENT', undefined)),
    write: (path, data) => writeWhole(modules, path, data),
    async list(folder) {
      const entries = await fs.readdir(folder, { withFileTypes: true }).catch(ignoring<[]>('ENOENT', []));
      return entries.filter((e) => e.isFile() && !TEMPORARY.test(e.name)).map(({ name }) => name);
    },
    remove: (path) => fs.unlink(path).catch(ignoring<undefined>('ENOENT', undefined)),
  };
}

/** `<file>.tmp-<process>`: what a write that was cut off leaves. */
const TEMPORARY = /\.tmp-\d+$/;

const ignoring =
  <T>(code: string, instead: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === code) return instead;
    throw error;
  };

async function writeWhole(modules: Modules, path: string, data: Uint8Array): Promise<void> {
  const { fs, path: paths, process } = modules;
  const folder = paths.dirname(path);
  const temporary = `${path}.tmp-${process.pid}`;
  await fs.mkdir(folder, { recursive: true });
  await removeLeft(modules, path);
  try {
    await writeFlushed(fs, temporary, data);
    await fs.rename(temporary, path);
  } catch (error) {
    await fs.unlink(temporary).catch(() => undefined);
    throw error;
  }
  await flushFolder(modules, folder);
}

async function writeFlushed(fs: Modules['fs'], path: string, data: Uint8Array): Promise<void> {
  const file = await fs.open(path, 'w');
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a rename last through a power cut; Windows has no such thing. */
async function flushFolder({ fs, process }: Modules, folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await fs.open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

/** What processes that died while they wrote have left in the folder. */
async function removeLeft({ fs, path: paths }: Modules, path: string): Promise<void> {
  const folder = paths.dirname(path);
  for (const name of await fs.readdir(folder)) {
    const pid = Number(/\.tmp-(\d+)$/.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(pid) || alive(pid)) continue;
    await fs.unlink(paths.join(folder, name)).catch(() => undefined);
  }
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: not ours to signal, but there
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
