import { GatewiseError } from '@gatewise/core';

/** Files by path with slashes: what `Tokens.Store` gives. Bind your own to keep a run's files elsewhere. */
export interface Store {
  /** The whole file; undefined where there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Puts a file there, whole or not at all, over one that is there; folders are made. Lasting when it resolves. */
  write(path: string, data: Uint8Array): Promise<void>;
  /** Names of the files directly in a folder, in any order; none where there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  /** Removes a file; nothing happens where there is none. */
  remove(path: string): Promise<void>;
}

/** What time it is: `Tokens.Clock`. For records and limits of time, never for results. */
export interface Clock {
  /** Milliseconds since 1970: for dates. */
  now(): number;
  /** Milliseconds since some moment, never going back: for durations. */
  elapsed(): number;
}

/** Where messages to people go: `Tokens.Logger`. One line each, without a line break. */
export interface Logger {
  info(message: string): void;
  /** Something is off and the run goes on. */
  warn(message: string): void;
}

/** The machine's own clock. */
export const systemClock: Clock = { now: () => Date.now(), elapsed: () => performance.now() };

/** The console, each line after `gatewise:`. */
export const consoleLogger: Logger = {
  info: (message) => console.info(`gatewise: ${message}`),
  warn: (message) => console.warn(`gatewise: ${message}`),
};

/**
 * Files kept in memory: for tests, and for pages.
 *
 * @example const store = memoryStore(); container.bind(Tokens.Store).toConstantValue(store);
 */
export function memoryStore(): Store {
  const files = new Map<string, Uint8Array>();
  return {
    read: async (path) => files.get(path)?.slice(),
    write: async (path, data) => {
      // slice() of a Buffer would be no copy
      files.set(path, new Uint8Array(data));
    },
    list: async (folder) => {
      const prefix = folder === '' || folder.endsWith('/') ? folder : `${folder}/`;
      const names = [...files.keys()].filter((path) => path.startsWith(prefix));
      return names.map((path) => path.slice(prefix.length)).filter((name) => !name.includes('/'));
    },
    remove: async (path) => {
      files.delete(path);
    },
  };
}

/** Errors: `GW_STORE_MISSING` on the first use of a file where there is no file system. */
export function noStore(): Store {
  const refuse = async (path: string): Promise<never> => {
    throw new GatewiseError(
      'GW_STORE_MISSING',
      `got the file "${path}" where there is no file system, wanted a store: bind Tokens.Store in options.container, such as memoryStore()`,
    );
  };
  return { read: refuse, write: refuse, list: refuse, remove: refuse };
}
