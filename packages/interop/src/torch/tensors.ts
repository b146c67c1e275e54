import { type Entry, readSafetensors, valuesOf } from '@gatewise/safetensors';
import { refuse } from '../errors.js';
import type { Values } from '../model.js';
import { rounded } from '../values.js';

/** A file's tensors as float32, by name, and a note where rounding changed some. */
export interface Tensors {
  readonly byName: ReadonlyMap<string, Values>;
  readonly notes: readonly string[];
}

/** Reads safetensors of f64, f32, f16 and bf16. Errors: `GW_SAFETENSORS_…`, `GW_IMPORT_UNSUPPORTED`. */
export function readTensors(file: Uint8Array): Tensors {
  const byName = new Map<string, Values>();
  const notes: string[] = [];
  for (const [name, entry] of readSafetensors(file).tensors) {
    const { values, changed } = floats(name, entry);
    byName.set(name, values);
    if (changed > 0)
      notes.push(`${name}: ${changed} of ${values.data.length} float64 numbers rounded to float32`);
  }
  return { byName, notes };
}

function floats(name: string, entry: Entry): { values: Values; changed: number } {
  if (!['F64', 'F32', 'F16', 'BF16'].includes(entry.dtype)) {
    refuse(
      'GW_IMPORT_UNSUPPORTED',
      `tensor "${name}": got numbers of type ${entry.dtype}, wanted F64, F32, F16 or BF16; save weights alone, without buffers or packed integers`,
    );
  }
  const { data, changed } = rounded(valuesOf(entry) as Float32Array | Float64Array);
  return { values: { shape: entry.shape, data }, changed };
}
