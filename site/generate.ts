import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readApi } from './api.js';
import { cellPage } from './cell-page.js';
import { type CellPage, findCells } from './cells.js';
import { folderPage } from './folder-page.js';
import { replaceLinks, targetOf } from './links.js';
import { cellList, home, packageList, tutorialList } from './overviews.js';
import { documents, pageOf, placeOf, read, root } from './repository.js';
import { guides, sidebars } from './sidebar.js';
import { sourcePage } from './source-page.js';

const here = join(root, 'site');

export interface Generated {
  readonly pages: number;
  /** Links and pictures that lead nowhere, with the file they stand in. */
  readonly missing: readonly string[];
}

/** Writes every page, picture and setting that VitePress builds from into a folder. */
export async function generate(work: string): Promise<Generated> {
  const [cells, api] = await Promise.all([findCells(), readApi()]);
  const folders = new Set(api.keys());
  const known = new Set([
    ...documents(),
    ...[...folders].map((folder) => `${folder}/README.md`),
    'packages/README.md',
    'examples/README.md',
  ]);
  const written = new Map<string, string>();
  const linked = new Set<string>();
  const missing: string[] = [];
  for (const [document, markdown] of texts(cells, api)) {
    const replace = (target: string, picture: boolean) => {
      const at = targetOf(document, target);
      if (!at || target.startsWith('/')) return target;
      const place = placeOf(at.path || 'README.md', known);
      if (place.kind === 'missing') {
        missing.push(`${document}: ${target}`);
        return 'data:,';
      }
      if (picture) {
        cpSync(join(root, at.path), join(work, at.path));
        return target;
      }
      if (place.kind === 'source') linked.add(at.path);
      return `${place.address}${at.hash}`;
    };
    written.set(pageOf(document), replaceLinks(withoutMarks(markdown), replace));
  }
  for (const { file } of cells) linked.add(file);
  for (const path of linked) written.set(`source/${path}.md`, sourcePage(path.replace(/\/$/, '')));
  for (const [page, text] of written) write(work, page, text);
  cpSync(join(here, 'coming-from'), join(work, 'coming-from'), { recursive: true });
  cpSync(join(here, 'vitepress'), join(work, '.vitepress'), { recursive: true });
  write(work, '.vitepress/site.json', JSON.stringify({ guides, sidebar: sidebars(cells, folders) }));
  return { pages: written.size + guides.length - 1, missing };
}

/** Every page but those of sources and those by hand, by the document that its links start from. */
function* texts(cells: readonly CellPage[], api: ReadonlyMap<string, string>): Iterable<[string, string]> {
  const folders = new Set([...api.keys()].map((folder) => `${folder}/README.md`));
  yield ['README.md', home()];
  yield ['examples/README.md', tutorialList()];
  yield ['packages/README.md', packageList()];
  yield ['cells/README.md', cellList(cells)];
  for (const document of documents()) {
    if (document !== 'README.md' && !folders.has(document)) yield [document, read(document)];
  }
  for (const [folder, text] of api) yield [`${folder}/README.md`, folderPage(folder, text, cells)];
  for (const cell of cells) yield [`cells/${cell.name}.md`, cellPage(cell)];
}

/** Comments in a README are for programs. */
const withoutMarks = (markdown: string) => markdown.replace(/^<!--.*-->\n/gm, '');

function write(folder: string, path: string, text: string): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
