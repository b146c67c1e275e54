import { GatewiseError } from '@gatewise/core';

/** Symbols and their ids: a symbol is one Unicode character (a code point). */
export interface Vocabulary {
  readonly size: number;
  /** Symbol of every id; plain JSON, and all that `vocabularyOf` needs to make the vocabulary again. */
  readonly symbols: readonly string[];
  /** What stands for characters that are not in the vocabulary; without it they are an error. */
  readonly unknown?: string;
  /** Text → int32 ids [T]. Errors: `GW_DATA_UNKNOWN_SYMBOL`. */
  encode(text: string): Int32Array;
  /** Ids → text. Errors: `GW_DATA_UNKNOWN_ID`. */
  decode(ids: ArrayLike<number>): string;
}

export interface VocabularyOptions {
  /** Ids by code point (the default), or the most frequent first. */
  readonly order?: 'code point' | 'frequency';
  /** One character that stands for those not in the text. It gets the last id where the text lacks it. */
  readonly unknown?: string;
}

/**
 * The characters of a text and their ids. Errors: `GW_DATA_EMPTY`, `GW_DATA_SYMBOL`.
 *
 * @example
 * const { encode, decode } = vocabulary('to be or not to be');
 * decode(encode('bee')); // 'bee'
 */
export function vocabulary(text: string, options: VocabularyOptions = {}): Vocabulary {
  if (text.length === 0) {
    throw new GatewiseError(
      'GW_DATA_EMPTY',
      'got an empty text, wanted at least one character; was the file read?',
    );
  }
  const counts = new Map<string, number>();
  for (const symbol of text) counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
  const byCodePoint = ([a]: [string, number], [b]: [string, number]) =>
    (a.codePointAt(0) as number) - (b.codePointAt(0) as number);
  const entries = [...counts].sort(byCodePoint);
  if (options.order === 'frequency') entries.sort((a, b) => b[1] - a[1]);
  const symbols = entries.map(([symbol]) => symbol);
  if (options.unknown !== undefined && !counts.has(options.unknown)) symbols.push(options.unknown);
  return vocabularyOf(symbols, options.unknown);
}

/** A vocabulary from its symbols, such as those saved beside a model. Errors: `GW_DATA_EMPTY`, `GW_DATA_SYMBOL`. */
export function vocabularyOf(symbols: readonly string[], unknown?: string): Vocabulary {
  const ids = new Map(symbols.map((symbol, id) => [symbol, id]));
  checkSymbols(symbols, ids, unknown);
  const unknownId = unknown === undefined ? undefined : ids.get(unknown);
  return {
    size: symbols.length,
    symbols: [...symbols],
    ...(unknown === undefined ? {} : { unknown }),
    encode(text) {
      const encoded: number[] = [];
      for (const symbol of text)
        encoded.push(ids.get(symbol) ?? unknownId ?? unknownSymbol(symbol, encoded.length));
      return Int32Array.from(encoded);
    },
    decode: (encoded) =>
      Array.from(encoded, (id, i) => symbols[id] ?? unknownIdAt(id, i, symbols.length)).join(''),
  };
}

function checkSymbols(
  symbols: readonly string[],
  ids: ReadonlyMap<string, number>,
  unknown: string | undefined,
): void {
  const fail = (what: string) => {
    throw new GatewiseError('GW_DATA_SYMBOL', what);
  };
  if (symbols.length === 0) throw new GatewiseError('GW_DATA_EMPTY', 'got no symbols, wanted at least one');
  const odd = symbols.find((symbol) => [...symbol].length !== 1);
  if (odd !== undefined) fail(`got the symbol ${JSON.stringify(odd)}, wanted exactly one character`);
  if (ids.size !== symbols.length) fail('got a symbol twice, wanted each once');
  if (unknown !== undefined && !ids.has(unknown)) {
    fail(`got ${JSON.stringify(unknown)} for unknown characters, wanted one character of the vocabulary`);
  }
}

function unknownSymbol(symbol: string, position: number): never {
  throw new GatewiseError(
    'GW_DATA_UNKNOWN_SYMBOL',
    `got ${JSON.stringify(symbol)} at position ${position}, which is not in the vocabulary; ` +
      `declare what stands for such characters: vocabulary(text, { unknown: '\\ufffd' })`,
  );
}

function unknownIdAt(id: number, position: number, size: number): never {
  throw new GatewiseError(
    'GW_DATA_UNKNOWN_ID',
    `got id ${id} at position ${position}, wanted 0 to ${size - 1}; was it made with another vocabulary?`,
  );
}
