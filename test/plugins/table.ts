import { type Hooks, hookKinds } from '@gatewise/plugin';
import { plugins } from './all.js';
import { hooksOf, pluginOf } from './describe.js';

const code = (text: string) => `\`${text}\``;

/** Every plugin, its order, its hooks by kind, and what of it goes into checkpoints, as a table in Markdown. */
function pluginTable(): string {
  const rows = plugins.map(({ factory, from, make }) => {
    const plugin = pluginOf(make());
    const hooks = hooksOf(plugin);
    const of = (kind: (typeof hookKinds)[keyof Hooks]) =>
      hooks
        .filter((hook) => hookKinds[hook] === kind)
        .map(code)
        .join(' ');
    const state = [plugin.saveState && 'JSON', plugin.saveTensors && 'tensors'].filter(Boolean).join(', ');
    const folder = from.replace('plugin-', '');
    return [
      `[${code(factory)}](${folder})`,
      plugin.name,
      plugin.order ?? '',
      of('observe'),
      of('transform'),
      of('provide'),
      state,
    ];
  });
  const head = ['factory', 'name', 'order', 'observes', 'transforms', 'provides', 'state'];
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

const [BEGIN, END] = ['<!-- plugins -->', '<!-- /plugins -->'];

/** The text with the table between its marks. */
export function withTable(readme: string): string {
  const [before, rest = ''] = readme.split(BEGIN) as [string, string?];
  const after = rest.split(END)[1] ?? '';
  return `${before}${BEGIN}\n${pluginTable()}\n${END}${after}`;
}

/** plugins/README.md */
export const readmeFile = new URL('../../plugins/README.md', import.meta.url);
