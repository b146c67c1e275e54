import { type Entry, entryOf } from '@gatewise/safetensors';
import { refuseLayer } from '../errors.js';
import type { Values } from '../model.js';
import { transposed } from '../values.js';

/**
 * How matrices are kept: as they are, as IEEE halves, or as −127 … 127 with a float32 scale for each row. Biases and other
 * vectors stay in float32: they are small, and what is added to every step.
 */
export type Precision = 'f32' | 'f16' | 'int8';

/** Numbers at rest: of int8 a matrix has a scale for each row, w ≈ q · scale. */
export interface Packed {
  readonly numbers: Entry;
  readonly scale?: Entry; // [rows]
}

/** A weight of a layer, and which it is, for messages. */
export interface Weight {
  readonly layer: string;
  readonly role: string;
  readonly values: Values;
  readonly matrix: boolean;
}

/** Where row r of a matrix is what one unit of one gate reads: W [I, G·H] as [G·H, I]. */
export const gateRows = (matrix: Values): Values => transposed(matrix);

/** What lies beyond a float16: from here on the nearest one is infinity. */
const F16_LIMIT = 65520;

/** Packs the rows of a matrix [rows, inner], or a vector as it is. Errors: `GW_EXPORT_VALUE` by the layer's name. */
export function pack({ layer, role, values, matrix }: Weight, asked: Precision): Packed {
  const { shape, data } = values;
  const to = matrix ? asked : 'f32';
  const limit = { f32: Number.POSITIVE_INFINITY, f16: F16_LIMIT, int8: 3e38 }[to];
  const odd = to === 'f32' ? undefined : data.find((v) => !(Math.abs(v) < limit));
  if (odd !== undefined) {
    refuseLayer(
      'GW_EXPORT_VALUE',
      layer,
      `got ${odd} in ${role}, wanted numbers below ${limit} for ${to}`,
      Number.isFinite(odd)
        ? 'keep it in float32'
        : 'its training went astray: go back to a checkpoint before',
    );
  }
  if (to === 'f16') return { numbers: entryOf('F16', shape, data) };
  if (to === 'f32') return { numbers: entryOf('F32', shape, data) };
  return packRows(values);
}

/** q = round(w / scale),  scale = max |w| / 127 of each row. */
function packRows({ shape, data }: Values): Packed {
  const [rows, inner] = shape as [number, number];
  const scale = new Float32Array(rows);
  const q = new Int8Array(data.length);
  for (let r = 0; r < rows; r++) {
    const row = data.subarray(r * inner, (r + 1) * inner);
    scale[r] = row.reduce((most, w) => Math.max(most, Math.abs(w)), 0) / 127;
    // a row that float32 cannot scale is as good as zero
    if (scale[r] === 0) continue;
    row.forEach((w, i) => {
      q[r * inner + i] = Math.max(-127, Math.min(127, Math.round(w / scale[r]!)));
    });
  }
  return { numbers: entryOf('I8', shape, q), scale: entryOf('F32', [rows], scale) };
}
