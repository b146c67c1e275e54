import { posix } from 'node:path';
import { isFolder, namesIn, read } from './repository.js';

const languages: Readonly<Record<string, string>> = {
  mjs: 'js',
  cjs: 'js',
  as: 'ts',
  h: 'cpp',
  cc: 'cpp',
  yml: 'yaml',
};
const known = ['ts', 'js', 'json', 'py', 'cpp', 'md', 'yaml', 'html', 'css', 'sh'];

/** A file's text, or the names in a folder, for links that lead to what has no page. */
export function sourcePage(path: string): string {
  const head = [
    '---',
    `title: ${JSON.stringify(path)}`,
    'search: false',
    'aside: false',
    'prev: false',
    'next: false',
    '---',
  ];
  const title = `# \`${posix.basename(path)}\`\n\n\`${path}\` in the repository.`;
  const body = isFolder(path) ? fence('txt', namesIn(path).join('\n')) : fence(languageOf(path), read(path));
  return `${head.join('\n')}\n\n${title}\n\n${body}\n`;
}

function languageOf(path: string): string {
  const ending = posix.extname(path).slice(1);
  const language = languages[ending] ?? ending;
  return known.includes(language) ? language : 'txt';
}

/** A fence longer than any in the text. */
export function fence(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([ticks]) => ticks.length));
  const ticks = '`'.repeat(longest + 1);
  return `${ticks}${language}\n${text.trimEnd()}\n${ticks}`;
}
