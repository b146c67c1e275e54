import { parameters } from './cell-page.js';
import type { CellPage } from './cells.js';
import { manifestOf, read, tutorials, workspaces } from './repository.js';

/** The first heading of a text in Markdown, without its marks. */
export const titleOf = (markdown: string): string =>
  /^# (.+)$/m.exec(markdown)?.[1]?.replace(/[`*]/g, '') ?? '';

/** `3. Gradients that vanish`: the number is the folder's. */
export function tutorialTitle(folder: string): string {
  const number = Number(/\/(\d\d)-/.exec(folder)?.[1]);
  return `${number}. ${titleOf(read(`${folder}/README.md`)).replace(/^\d+\.? /, '')}`;
}

/** The first paragraph of words. */
function firstParagraph(markdown: string): string {
  const blocks = markdown.replace(/^```[\s\S]*?^```$/gm, '').split(/\n{2,}/);
  const words = blocks.find((block) => /^[A-Za-z*_"'[`]/.test(block)) ?? '';
  return words.replace(/\s*\n\s*/g, ' ').replace(/\[([^\]]+)\]\([^)]+\)/g, '$1');
}

/** The home page: the README, its title and first paragraph as the head. */
export function home(): string {
  const [, title = '', tagline = '', body = ''] =
    /^# (.+)\n\n([\s\S]+?)\n\n([\s\S]*)$/.exec(read('README.md')) ?? [];
  const front = {
    layout: 'home',
    hero: {
      name: title,
      tagline: tagline.replace(/\s*\n\s*/g, ' '),
      actions: [
        { theme: 'brand', text: 'Start with a vanilla cell', link: '/examples/' },
        { theme: 'alt', text: 'Cells', link: '/cells/' },
        { theme: 'alt', text: 'Plugins', link: '/plugins/' },
      ],
    },
  };
  return `---\n${JSON.stringify(front)}\n---\n\n${linkedFolders(body)}`;
}

/** `packages/core` at the start of a row leads to its page. */
const linkedFolders = (body: string) =>
  body.replace(/^\| (`[^|]+`) \|/gm, (_, names: string) => {
    const linked = names.replace(
      /`((?:packages|examples|plugins|bench)[\w/-]*)(?:\/\*)?`/g,
      (code, path: string) => `[${code}](${path})`,
    );
    return `| ${linked} |`;
  });

export function tutorialList(): string {
  const items = tutorials().map((folder) => {
    return `## [${tutorialTitle(folder)}](/${folder}/)\n\n${firstParagraph(read(`${folder}/README.md`))}`;
  });
  return `# Tutorials\n\nFrom a cell by hand to models that write, tag and forecast: each a program that runs, with the numbers and figures that it gave. Read in order, each takes up what the last one left open.\n\n${items.join('\n\n')}\n`;
}

export function cellList(cells: readonly CellPage[]): string {
  const rows = cells.map(({ name, cell, prose, folder }) =>
    [
      `[${name}](/cells/${name}.md)`,
      prose.split(/ \(|: |\. |\n/)[0]!.replace(/\.$/, ''),
      cell ? cell.state.join(' ') : 'h c',
      cell ? cell.gates.join(' ') : 'i f g o',
      cell ? parameters(cell).formula : '',
      `[${manifestOf(folder).name.replace('@gatewise/', '')}](/${folder}/)`,
    ].join(' | '),
  );
  return `# Cells\n\nA cell is one file of mathematics with its gradient written by hand; each page has its equations, a picture of the recorded program, its weights and its code. I input features, H units.\n\n| cell | what | states | gates | parameters | from |\n| --- | --- | --- | --- | --- | --- |\n${rows.map((row) => `| ${row} |`).join('\n')}\n\nYour own: [write a cell](/index.md#write-a-cell).\n`;
}

export function packageList(): string {
  const rows = workspaces('packages').map((folder) => {
    const { name, description } = manifestOf(folder);
    return `| [${name}](/${folder}/) | ${description} |`;
  });
  return `# Packages\n\nWhat each exports, with its types and docstrings. The order in which they import each other: [the map](/index.md#the-map).\n\n| package | what |\n| --- | --- |\n${rows.join('\n')}\n`;
}
