import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GatewiseError } from '@gatewise/core';
import { camelCase, type Names, namesOf } from './names.js';

/** What can be made, and what it is. */
export const kinds = {
  plugin: 'a plugin for the trainer, proven by pluginSuite',
  cell: 'a recurrent cell with its backward by hand, proven by cellSuite',
  project: 'a program that trains a network',
} as const;

export type Kind = keyof typeof kinds;

/** A package that was made. */
export interface Scaffold {
  readonly folder: string;
  /** Paths in it, with slashes, sorted. */
  readonly files: readonly string[];
}

const templates = fileURLToPath(new URL('../templates/', import.meta.url));

/**
 * Makes a package from a template: it builds, is tested and, unless it is a project, can be published.
 * The folder is new or empty; else nothing is touched. Errors: `GW_NEW_NAME`, `GW_NEW_EXISTS`, `GW_NEW_WRITE`.
 *
 * @param name for npm, with or without a scope
 * @param folder the name without its scope, in the current folder, when absent
 * @example await scaffold('plugin', '@me/gradient-noise');
 */
export async function scaffold(kind: Kind, name: string, folder?: string): Promise<Scaffold> {
  const names = namesOf(name, kind);
  const target = resolve(folder ?? name.slice(name.indexOf('/') + 1));
  await refuseUsed(target);
  const template = join(templates, kind);
  const paths = await filesOf(template);
  const files = paths.map(nameOf).sort();
  try {
    for (const path of paths) {
      const text = await readFile(join(template, path), 'utf8');
      const file = join(target, nameOf(path));
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, fillIn(text, kind, names));
    }
  } catch (cause) {
    for (const file of files) await rm(join(target, file), { force: true }).catch(() => {});
    throw cannotWrite(target, cause);
  }
  return { folder: target, files };
}

/** npm reads a .gitignore wherever it lies, and packages may hold one package.json: a template's have other names. */
const nameOf = (path: string) =>
  path.replace(/^_gitignore$/, '.gitignore').replace(/^_package\.json$/, 'package.json');

/** The template's own names, `my-plugin` and the like, become those of the package. */
function fillIn(text: string, kind: Kind, names: Names): string {
  const own = camelCase(`my-${kind}`);
  const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
  const words: Readonly<Record<string, string>> = {
    'my-package': names.package,
    [`my-${kind}`]: names.short,
    [own]: names.identifier,
    [capital(own)]: capital(names.identifier),
    [own.toUpperCase()]: names.identifier.toUpperCase(),
  };
  return text.replace(new RegExp(Object.keys(words).join('|'), 'g'), (word) => words[word]!);
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

async function refuseUsed(folder: string): Promise<void> {
  const found = await readdir(folder).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw cannotWrite(folder, cause);
  });
  if (found.length === 0) return;
  throw new GatewiseError(
    'GW_NEW_EXISTS',
    `got ${folder}, which holds ${found.length} file${found.length === 1 ? '' : 's'} already, wanted a new or an empty folder; choose another name or --folder`,
  );
}

function cannotWrite(folder: string, cause: unknown): GatewiseError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new GatewiseError(
    'GW_NEW_WRITE',
    `could not write to ${folder} (${why}), wanted a folder for the new package; may it be written, is there space?`,
    { cause },
  );
}
