import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { Application, type TypeDocOptions } from 'typedoc';
import type { PluginOptions } from 'typedoc-plugin-markdown';
import { outsideFences } from './links.js';
import { has, manifestOf, root, workspaces } from './repository.js';

const options: Partial<TypeDocOptions & PluginOptions> = {
  plugin: ['typedoc-plugin-markdown'],
  // what the compiler finds wrong is `npm run check`'s business
  skipErrorChecking: true,
  excludeExternals: true,
  excludePrivate: true,
  disableSources: true,
  router: 'module',
  readme: 'none',
  logLevel: 'Error',
  hideBreadcrumbs: true,
  hidePageHeader: true,
  hidePageTitle: true,
  useHTMLAnchors: true,
  hideGroupHeadings: true,
  groupOrder: ['Functions', 'Variables', 'Classes', 'Interfaces', 'Type Aliases', '*'],
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  classPropertiesFormat: 'table',
  typeAliasPropertiesFormat: 'table',
  propertyMembersFormat: 'table',
  typeDeclarationFormat: 'table',
  sanitizeComments: true,
};

/** What every package and plugin exports, as Markdown by folder; headings start at the third level. */
export async function readApi(): Promise<ReadonlyMap<string, string>> {
  const folders = ['packages', 'plugins']
    .flatMap(workspaces)
    .filter((f) => !manifestOf(f).private && has(`${f}/src/index.ts`));
  const out = await mkdtemp(join(tmpdir(), 'gatewise-api-'));
  try {
    const application = await Application.bootstrapWithPlugins({
      ...options,
      entryPoints: folders.map((folder) => join(root, folder, 'src/index.ts')),
      tsconfig: join(root, 'site/tsconfig.api.json'),
      basePath: root,
      outputs: [{ name: 'markdown', path: out }],
    });
    const project = await application.convert();
    if (!project) throw new Error('typedoc could not read the sources; what it said stands above');
    await application.generateOutputs(project);
    return new Map(
      folders.map((folder) => [folder, tidy(readFileSync(join(out, folder, 'src.md'), 'utf8'), folder)]),
    );
  } finally {
    await rm(out, { recursive: true });
  }
}

/** Links lead to pages of this site, anchors are told from those of the page around, headings stand below its own. */
const tidy = (markdown: string, folder: string): string =>
  outsideFences(markdown, (text) => tidyText(text, folder));

const tidyText = (markdown: string, folder: string): string =>
  markdown
    .replace(/^\*\*\*\n\n/gm, '')
    .replace(/^#+ (?:Overrides|Doc)\n\n(?:(?!#|<a ).*\n)*/gm, '')
    // the table says whose they are, and the line above what comes back
    .replace(/^#+ (?:Parameters|Properties)\n\n/gm, '')
    .replace(/^#+ Returns\n\n.+\n(?:\n(?=#|<a )|$(?![\s\S]))/gm, '')
    .replace(/^#+ Example\n/gm, 'Example:\n')
    .replace(/ - \|/g, '  |')
    .replace(/\\_\\_namedParameters|__namedParameters/g, 'options')
    // formulas: what is indented is code, in which nothing needs a backslash
    .replace(/(?<=\n\n)(?: {4}.+\n)+/g, (lines) => {
      const text = lines.replace(/^ {4}/gm, '').replace(/\\([{}<>])/g, '$1');
      return `\`\`\`txt\n${text}\`\`\`\n`;
    })
    .replace(/<a id="/g, '<a id="api-')
    .replace(/\]\(#/g, '](#api-')
    .replace(/\]\(((?:\.\.\/)+[\w/-]*)\/src\.md(#?)/g, (_, path: string, hash: string) => {
      return `](/${posix.join(folder, path)}/${hash && '#api-'}`;
    })
    .replace(/^(#+) /gm, (_, marks: string) => `${marks.slice(0, 5)}# `);
