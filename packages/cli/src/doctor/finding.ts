/** What the doctor found of one thing. */
export interface Finding {
  readonly name: string;
  readonly ok: boolean;
  /** What is there, or what is wrong. */
  readonly found: string;
  /** Nothing works without it. */
  readonly required: boolean;
  /** Why it matters: said where it is missing. */
  readonly why: string;
  /** The one command that brings it, where there is one. */
  readonly fix?: string;
}

/** What a coded error says: what was got, and the likely fix. */
export function partsOf(error: Error): { readonly found: string; readonly fix?: string } {
  const text = error.message.replace(/^GW_\w+: /, '');
  const [, found = text] = /^(?:got )?(.*?), wanted /s.exec(text) ?? [];
  const fix = /likely fix: (.*?)(?:\. Besides, GW_|$)/s.exec(text)?.[1];
  return { found, ...(fix !== undefined && { fix }) };
}
