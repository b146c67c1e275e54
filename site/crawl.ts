import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';

/** A built page: what it can be linked to by, and what it leads to and loads. */
export interface BuiltPage {
  /** `/cells/lstm.html` */
  readonly path: string;
  readonly ids: ReadonlySet<string>;
  readonly links: readonly string[];
  /** Addresses of what a browser fetches for it: scripts, styles, pictures, fonts. */
  readonly loads: readonly string[];
}

/** Files below a folder, from it, with slashes. */
const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length).replaceAll('\\', '/'));

export const builtPages = (folder: string): BuiltPage[] =>
  filesIn(folder)
    .filter((path) => path.endsWith('.html'))
    .map((path) => ({ path, ...contentsOf(readFileSync(join(folder, path), 'utf8')) }));

function contentsOf(html: string): Omit<BuiltPage, 'path'> {
  const all = (pattern: RegExp) => [...html.matchAll(pattern)].map(([, value]) => decode(value!));
  return {
    ids: new Set(all(/ id="([^"]+)"/g)),
    links: all(/<a [^>]*?href="([^"]+)"/g),
    loads: [...all(/<(?:script|img)[^>]*? src="([^"]+)"/g), ...all(/<link [^>]*?href="([^"]+)"/g)],
  };
}

const decode = (text: string) => text.replaceAll('&amp;', '&').replaceAll('&#39;', "'");

/** Links and pictures that lead to no file or no anchor of the site, one line each. */
export function broken(folder: string, pages: readonly BuiltPage[]): string[] {
  const files = new Set(filesIn(folder));
  const byPath = new Map(pages.map((page) => [page.path, page]));
  return pages.flatMap((page) =>
    [...page.links, ...page.loads].filter((to) => !leads(page, to)).map((to) => `${page.path}: ${to}`),
  );

  function leads({ path }: BuiltPage, to: string): boolean {
    if (/^[a-z]+:/.test(to)) return true;
    const [address = '', hash = ''] = to.split('#');
    const file = address === '' ? path : decodeURI(posix.join(posix.dirname(path), fromRoot(address, path)));
    const target = file.endsWith('/') ? `${file}index.html` : file;
    if (!files.has(target)) return false;
    return hash === '' || byPath.get(target)?.ids.has(decodeURIComponent(hash)) === true;
  }
}

/** An address from the root, as one from a page's folder. */
const fromRoot = (address: string, path: string) =>
  address.startsWith('/') ? `${'../'.repeat(path.split('/').length - 2)}${address.slice(1)}` : address;
