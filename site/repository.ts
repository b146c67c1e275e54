import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Paths everywhere here: from the root of the repository, with slashes. */
export const root = fileURLToPath(new URL('../', import.meta.url));

export const read = (path: string): string => readFileSync(join(root, path), 'utf8');
export const has = (path: string): boolean => existsSync(join(root, path));
const isFolder = (path: string) => has(path) && statSync(join(root, path)).isDirectory();

/** The folders below one that have a package.json, in the order of their names. */
export const workspaces = (group: string): string[] =>
  readdirSync(join(root, group))
    .map((name) => `${group}/${name}`)
    .filter((folder) => has(`${folder}/package.json`))
    .sort();

interface Manifest {
  readonly name: string;
  readonly description: string;
  readonly private?: boolean;
}
export const manifestOf = (folder: string): Manifest =>
  JSON.parse(read(`${folder}/package.json`)) as Manifest;

/** Tutorials, in their order: what a new folder is called decides where it stands. */
export const tutorials = (): string[] =>
  workspaces('examples').filter((folder) => /\/\d\d-/.test(folder) && has(`${folder}/README.md`));

const markdownIn = (folder: string) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`);

/** Every text in Markdown that has a page. */
export function documents(): string[] {
  const tests = readdirSync(join(root, 'test')).map((name) => `test/${name}`);
  const folders = [
    ...['bench', 'plugins'],
    ...['packages', 'plugins'].flatMap(workspaces),
    ...tutorials(),
    ...tests.filter(isFolder),
  ];
  return ['README.md', ...folders.flatMap(markdownIn)];
}

/** The address of a document's page: a README is its folder's. */
const addressOf = (document: string): string =>
  `/${posix.join(posix.dirname(document), posix.basename(document)).replace(/(^|\/)README\.md$/, '$1')}`;

/** `a/README.md` is written to `a/index.md`. */
export const pageOf = (document: string): string => document.replace(/(^|\/)README\.md$/, '$1index.md');

/** Where a path of the repository is shown: a page, the listing of a file, or nowhere. */
export type Place =
  | { readonly kind: 'page'; readonly address: string }
  | { readonly kind: 'source'; readonly address: string }
  | { readonly kind: 'missing' };

/** Of a file or folder, given what has a page. */
export function placeOf(path: string, pages: ReadonlySet<string>): Place {
  const clean = path.replace(/\/$/, '');
  const page = [clean, posix.join(clean, 'README.md')].find((candidate) => pages.has(candidate));
  if (page !== undefined) return { kind: 'page', address: addressOf(page) };
  if (!has(clean)) return { kind: 'missing' };
  return { kind: 'source', address: `/source/${clean}.md` };
}

/** The lines of a folder's listing. */
export const namesIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true })
    .filter(({ name }) => !['node_modules', 'dist', 'runs'].includes(name) && !name.startsWith('.'))
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));

export { isFolder };
