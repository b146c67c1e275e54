/** Markup that is safe to put into a page; plain strings are not, and are escaped. */
export interface Markup {
  readonly markup: string;
}
type Part = string | number | Markup | readonly Markup[] | undefined;

/**
 * Markup from a template: every value is escaped, in text and in quoted attributes alike, unless it is markup itself.
 *
 * @example
 * html`<p title="${name}">${text}</p>`
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { markup: strings.map((text, i) => text + (i < parts.length ? render(parts[i]) : '')).join('') };
}

const escapes: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text with everything that HTML could take for markup replaced; control characters, which no page may hold, as �. */
export function escapeText(text: string): string {
  return [...text.replace(/[&<>"']/g, (character) => escapes[character] as string)]
    .map((character) => (isControl(character.codePointAt(0) as number) ? '\ufffd' : character))
    .join('');
}

const isControl = (code: number) =>
  (code < 0x20 && code !== 0x09 && code !== 0x0a) ||
  (code >= 0x7f && code < 0xa0) ||
  (code >= 0xd800 && code < 0xe000);

function render(part: Part): string {
  if (part === undefined) return '';
  if (typeof part === 'string') return escapeText(part);
  if (typeof part === 'number') return String(part);
  return 'markup' in part ? part.markup : part.map(({ markup }) => markup).join('');
}
