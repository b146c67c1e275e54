import { refuse } from '../errors.js';

/** A JSON object of a file. Its keys are data: they are read one by one and never copied into objects of ours. */
export type Json = Readonly<Record<string, unknown>>;

export const isObject = (v: unknown): v is Json => typeof v === 'object' && v !== null && !Array.isArray(v);

/** An own field: what an object inherits is none of the file's. */
export const field = (object: unknown, name: string): unknown =>
  isObject(object) && Object.hasOwn(object, name) ? object[name] : undefined;

/** Parses JSON of a file. Errors: `GW_IMPORT_FORMAT`. */
export function parseJson(text: string | Uint8Array, what: string): Json {
  let json: unknown;
  try {
    json = JSON.parse(
      typeof text === 'string' ? text : new TextDecoder('utf-8', { fatal: true }).decode(text),
    );
  } catch (error) {
    return refuse(
      'GW_IMPORT_FORMAT',
      `${what}: got no JSON (${(error as Error).message.slice(0, 80)}); the file is damaged`,
      error,
    );
  }
  return isObject(json)
    ? json
    : refuse('GW_IMPORT_FORMAT', `${what}: got JSON that is no object; the file is damaged`);
}
