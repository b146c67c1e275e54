import type { Entry } from '@gatewise/safetensors';
import type { Values } from '../model.js';
import { type Precision, pack } from './pack.js';

/** A module in the making: its weights in order, and the functions that it needs, each once. */
export class ModuleText {
  readonly #weights: Uint8Array[] = [];
  readonly #parts = new Map<string, string>();
  readonly #types = new Set<Entry['dtype']>();

  constructor(readonly precision: Precision) {}

  /** A matrix or vector of the weights: the expression that reads it, which must stand where the module comes to it next. */
  tensor(layer: string, role: string, values: Values): string {
    const matrix = values.shape.length === 2;
    const { numbers, scale } = pack({ layer, role, values, matrix }, this.precision);
    if (scale) this.#weights.push(scale.data);
    this.#weights.push(numbers.data);
    this.#types.add(numbers.dtype);
    const [rows, inner] = matrix ? values.shape : [1, values.data.length];
    const read = { F32: 'f32', F16: 'f16', I8: 'int8' }[numbers.dtype as 'F32' | 'F16' | 'I8'];
    return `${read}(${rows}, ${inner})`;
  }

  /** Code that is wanted once, under a key; what is named stands as `const name = …`. */
  need(key: string, code: string): void {
    this.#parts.set(key, code);
  }

  /** A value that is wanted once: gives the name that it has, numbered by kind. */
  named(kind: string, code: string): string {
    const same = [...this.#parts].find(([key, text]) => key.startsWith(kind) && text.endsWith(` = ${code};`));
    if (same) return same[0];
    const name = `${kind}${[...this.#parts.keys()].filter((key) => key.startsWith(kind)).length + 1}`;
    this.#parts.set(name, `const ${name} = ${code};`);
    return name;
  }

  has(dtype: Entry['dtype']): boolean {
    return this.#types.has(dtype);
  }

  get parts(): readonly string[] {
    return [...this.#parts.values()];
  }

  /** All weights, little-endian. */
  get bytes(): Uint8Array {
    const all = new Uint8Array(this.#weights.reduce((n, { byteLength }) => n + byteLength, 0));
    let at = 0;
    for (const part of this.#weights) {
      all.set(part, at);
      at += part.byteLength;
    }
    return all;
  }
}

/** In pieces: a call takes only so many arguments, and three bytes are four digits. */
export function base64(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += 3 * 8192) {
    pieces.push(btoa(String.fromCharCode(...bytes.subarray(at, at + 3 * 8192))));
  }
  return pieces.join('');
}

/** A name out of a file as a string of the module: ASCII alone, and nothing that could end a comment or a line. */
export const quoted = (text: string): string =>
  JSON.stringify(text)
    .replaceAll('/', '\\/')
    .replace(/[^\x20-\x7e]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
