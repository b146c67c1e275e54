import type { CellPage } from './cells.js';
import { has, manifestOf, read } from './repository.js';

/** The page of a package or a plugin: its README, its hooks or cells, and what it exports. */
export function folderPage(folder: string, api: string | undefined, cells: readonly CellPage[]): string {
  const own = cells.filter((cell) => cell.folder === folder);
  return [
    has(`${folder}/README.md`) ? read(`${folder}/README.md`).trim() : fromManifest(folder),
    ...(own.length > 0 ? [cellLinks(own)] : []),
    ...(folder.startsWith('plugins/') ? hooks(folder) : []),
    ...(api ? ['## API', `What \`${manifestOf(folder).name}\` exports, from its sources.`, api] : []),
  ].join('\n\n');
}

function fromManifest(folder: string): string {
  const { name, description } = manifestOf(folder);
  return `# ${name}\n\n${description}`;
}

const cellLinks = (cells: readonly CellPage[]) =>
  `## Cells\n\nWith equations, picture and code:\n\n${cells.map(({ name }) => `- [${name}](/cells/${name}.md)`).join('\n')}`;

/** The rows of plugins/README.md that are about this folder; each hook leads to what it may do. */
function hooks(folder: string): string[] {
  const name = folder.split('/')[1]!;
  const lines = read('plugins/README.md').split('\n');
  const rows = lines.filter((line) => line.startsWith('| [') && line.includes(`](${name}) |`));
  if (rows.length === 0) return [];
  const start = lines.findIndex((line) => line.startsWith('| factory'));
  const linked = rows.map((row) =>
    row
      .replace(/\[(`[^`]+`)\]\([^)]*\)/, '$1')
      .replace(/`((?:on|before|transform|provide)[A-Z]\w+)`/g, (hook, key: string) => {
        return `[${hook}](/packages/plugin/HOOKS.md#${key.toLowerCase()})`;
      }),
  );
  return ['## Hooks', [...lines.slice(start, start + 2), ...linked].join('\n')];
}
