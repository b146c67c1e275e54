import { type Entry, readSafetensors, valuesOf, writeSafetensors } from '@gatewise/safetensors';
import { refuse } from '../errors.js';
import { parseJson } from '../keras/json.js';
import type { ModelSpec, Values } from '../model.js';
import { type Precision, pack } from './pack.js';
import { readDescription } from './read-description.js';
import { placed } from './tensors.js';

/** The key of the metadata under which the description stands, and what it is. */
const KEY = 'gatewise-description/1';

/**
 * Writes a description in few bytes, as safetensors: matrices as F16, or as I8 with a float32 scale for each gate
 * row (w ≈ q · scale, q from −127 to 127) and the rest as F32. What the layers are stands in the metadata.
 * Errors: `GW_EXPORT_VALUE` by the layer's name.
 *
 * @example
 * const file = quantise(spec, { to: 'int8' });
 * const model = build(dequantise(file));
 */
export const quantise = (spec: ModelSpec, { to }: { readonly to: 'f16' | 'int8' }): Uint8Array =>
  writeDescription(spec, to);

/** The same in any precision: in `f32` nothing is lost. */
export function writeDescription(spec: ModelSpec, to: Precision): Uint8Array {
  const entries = new Map<string, Entry>();
  for (const { path, ...weight } of placed(spec)) {
    const { numbers, scale } = pack(weight, to);
    entries.set(path, numbers);
    if (scale) entries.set(`${path}.scale`, scale);
  }
  // weights stand beside it, under the places that they have in it
  const text = JSON.stringify(spec, (_, v) =>
    ArrayBuffer.isView((v as Values | null)?.data) ? undefined : v,
  );
  return writeSafetensors(entries, { [KEY]: text, weights: to });
}

/** Whether a file is one that `quantise` wrote. */
export const isDescription = (metadata: ReadonlyMap<string, string>): boolean => metadata.has(KEY);

/**
 * Reads what `quantise` wrote. All is checked: sizes, names, words.
 * Errors: `GW_SAFETENSORS_…`, `GW_IMPORT_FORMAT`, `GW_IMPORT_WEIGHTS`.
 *
 * @example const model = build(dequantise(await readFile('model.safetensors')));
 */
export function dequantise(file: Uint8Array): ModelSpec {
  const { tensors, metadata } = readSafetensors(file);
  const text = metadata.get(KEY);
  if (text === undefined) {
    return refuse(
      'GW_IMPORT_FORMAT',
      `got safetensors without "${KEY}", wanted a file of quantise(); use readModel for one of PyTorch`,
    );
  }
  const numbers = new Map<string, Values>();
  for (const [name, entry] of tensors) {
    const scaled = name.endsWith('.scale') && tensors.get(name.slice(0, -'.scale'.length))?.dtype === 'I8';
    if (!scaled) numbers.set(name, unpacked(name, entry, tensors.get(`${name}.scale`)));
  }
  const spec = readDescription(parseJson(text, 'the description'), numbers);
  const known = new Set(placed(spec).map(({ path }) => path));
  const odd = [...numbers.keys()].find((name) => !known.has(name));
  if (odd !== undefined) no(odd, 'got a tensor that no layer has');
  return spec;
}

const no = (name: string, what: string): never =>
  refuse('GW_IMPORT_WEIGHTS', `tensor ${JSON.stringify(name.slice(0, 200))}: ${what}; the file is damaged`);

/** w = q · scale of its row, rounded to float32. */
function unpacked(name: string, entry: Entry, scale: Entry | undefined): Values {
  const { dtype, shape } = entry;
  if (dtype === 'F32' || dtype === 'F16') return { shape, data: valuesOf(entry) as Float32Array };
  const [rows, inner] = shape as [number, number];
  const fits = scale?.dtype === 'F32' && scale.shape.length === 1 && scale.shape[0] === rows;
  if (dtype !== 'I8' || shape.length !== 2 || !fits) {
    return no(
      name,
      `got ${dtype} [${shape}], wanted F32, F16, or I8 [rows, …] with an F32 scale for each row`,
    );
  }
  const s = valuesOf(scale) as Float32Array;
  const bad = s.find((v) => !(v >= 0 && v < Number.POSITIVE_INFINITY));
  if (bad !== undefined) no(`${name}.scale`, `got ${bad}, wanted finite numbers from 0`);
  const q = valuesOf(entry) as Int8Array;
  return { shape, data: Float32Array.from(q, (v, i) => v * s[Math.floor(i / inner)]!) };
}
