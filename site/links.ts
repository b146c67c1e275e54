import { posix } from 'node:path';

/** What stands for a link or a picture; the text around it stays. */
export type Replace = (target: string, picture: boolean) => string;

/**
 * Markdown with the targets of its links and pictures replaced; code, fenced or in line, stays as it is.
 *
 * @example replaceLinks('[a](b.md) `[a](b.md)`', () => '/b') // '[a](/b) `[a](b.md)`'
 */
export function replaceLinks(markdown: string, replace: Replace): string {
  return outsideFences(markdown, (text) =>
    text.replace(
      /(`+)[\s\S]*?[^`]\1(?!`)|(!?)\[((?:[^[\]`]|`[^`]*`|\[[^\]]*\])*)\]\(([^()\s]+)\)/g,
      (whole, ticks: string | undefined, bang: string, label: string, target: string) => {
        if (ticks !== undefined) return whole;
        const inner = bang ? label : replaceLinks(label, replace);
        return `${bang}[${inner}](${replace(target, bang === '!')})`;
      },
    ),
  );
}

/** The text between fences goes through `change`. */
export function outsideFences(markdown: string, change: (text: string) => string): string {
  return markdown
    .split(/(^ *(?:```|~~~)[\s\S]*?^ *(?:```|~~~)[ \t]*$)/m)
    .map((part, n) => (n % 2 === 1 ? part : change(part)))
    .join('');
}

/** A link from a file to another, as a path of the repository and what follows `#`; undefined for one that leads out. */
export function targetOf(from: string, target: string): { path: string; hash: string } | undefined {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target) || target.startsWith('#') || target.startsWith('//'))
    return undefined;
  const [path = '', hash] = target.split('#');
  const joined = posix.normalize(posix.join(posix.dirname(from), decodeURI(path)));
  return { path: joined.replace(/^\.\/?$/, ''), hash: hash === undefined ? '' : `#${hash}` };
}
