import type { CellPage } from './cells.js';
import { titleOf, tutorialTitle } from './overviews.js';
import { documents, manifestOf, pageOf, read, tutorials, workspaces } from './repository.js';

interface Item {
  readonly text: string;
  readonly link: string;
}
interface Group {
  readonly text: string;
  readonly items: readonly Item[];
}

const short = (folder: string) => manifestOf(folder).name.replace(/^@gatewise\/(plugin-)?/, '');
const folder = (path: string): Item => ({ text: short(path), link: `/${path}/` });
const document = (path: string): Item => ({
  text: titleOf(read(path)),
  link: `/${pageOf(path).replace(/(^|\/)index\.md$/, '$1')}`,
});

/** The pages written by hand, in the order of the menu. */
export const guides: readonly Item[] = [
  { text: 'Coming from Keras', link: '/coming-from/keras' },
  { text: 'Coming from PyTorch', link: '/coming-from/pytorch' },
  { text: 'Coming from tf.layers', link: '/coming-from/tf-layers' },
  document('packages/interop/MAPPING.md'),
];

/** What stands beside a page, by the start of its address. */
export function sidebars(
  cells: readonly CellPage[],
  folders: ReadonlySet<string>,
): Readonly<Record<string, readonly Group[]>> {
  const plugins = workspaces('plugins').filter((path) => folders.has(path));
  const cell = ({ name }: CellPage) => ({ text: name, link: `/cells/${name}` });
  const inCore = cells.filter((page) => page.folder.startsWith('packages/'));
  const outside = cells.filter((page) => page.folder.startsWith('plugins/'));
  const reference: readonly Group[] = [
    {
      text: 'Packages',
      items: [
        { text: 'All packages', link: '/packages/' },
        ...workspaces('packages')
          .filter((path) => folders.has(path))
          .map(folder),
      ],
    },
    {
      text: 'How it is tested',
      items: documents()
        .filter((path) => path.startsWith('test/'))
        .map(document),
    },
  ];
  return {
    '/examples/': [
      {
        text: 'Tutorials',
        items: [
          { text: 'All tutorials', link: '/examples/' },
          ...tutorials().map((path) => ({ text: tutorialTitle(path), link: `/${path}/` })),
        ],
      },
    ],
    '/cells/': [
      { text: 'Cells', items: [{ text: 'All cells', link: '/cells/' }, ...inCore.map(cell)] },
      { text: 'Cells that live outside', items: outside.map(cell) },
    ],
    '/plugins/': [
      {
        text: 'Plugins',
        items: [{ text: 'All plugins', link: '/plugins/' }, document('packages/plugin/HOOKS.md')],
      },
      { text: 'By name', items: plugins.filter((path) => !path.includes('/cell-')).map(folder) },
      { text: 'Formats', items: [document('plugins/checkpoint/FORMAT.md')] },
      { text: 'Cells', items: plugins.filter((path) => path.includes('/cell-')).map(folder) },
    ],
    '/packages/': reference,
    '/test/': reference,
    '/coming-from/': [{ text: 'Coming from', items: guides }],
    '/bench/': [{ text: 'Benchmarks', items: [document('bench/README.md')] }],
  };
}
