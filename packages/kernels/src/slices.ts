import type { TensorInfo } from '@tensorflow/tfjs-core';
import { type Call, filled, floats, type OwnKernel, sizeOf } from './call.js';

/** Parts along one axis: the gradient of a concatenation. */
export const splitV: OwnKernel = {
  name: 'SplitV',
  run(call) {
    const x = call.inputs.x!;
    const values = floats(call, x);
    if (!values) return null;
    const attrs = call.attrs as { numOrSizeSplits: number[] | number; axis: number };
    const axis = attrs.axis < 0 ? attrs.axis + x.shape.length : attrs.axis;
    const length = x.shape[axis]!;
    const parts = attrs.numOrSizeSplits;
    const sizes = Array.isArray(parts) ? parts : Array.from({ length: parts }, () => length / parts);
    // a size of −1, what the others leave, is tf.js' to work out
    if (sizes.some((n) => n < 0) || sizes.reduce((sum, n) => sum + n, 0) !== length) return null;
    let from = 0;
    return sizes.map((size) => {
      from += size;
      return part(call, x, values, { axis, from: from - size, size });
    });
  },
};

/** A part of one axis; of several, and of what lies in one piece, tf.js' own. */
export const slice: OwnKernel = {
  name: 'Slice',
  run(call) {
    const x = call.inputs.x!;
    const values = floats(call, x);
    const { begin, size } = call.attrs as { begin: number[]; size: number[] };
    if (!values || begin.length !== x.shape.length || size.length !== x.shape.length) return null;
    const sizes = size.map((n, i) => (n < 0 ? x.shape[i]! - begin[i]! : n));
    const cut = sizes.flatMap((n, i) => (n === x.shape[i] ? [] : [i]));
    const [axis] = cut;
    if (cut.length !== 1 || axis === 0) return null;
    const [from, n] = [begin[axis!]!, sizes[axis!]!];
    return from >= 0 && n >= 0 && from + n <= x.shape[axis!]!
      ? part(call, x, values, { axis: axis!, from, size: n })
      : null;
  },
};

interface Cut {
  readonly axis: number;
  readonly from: number;
  readonly size: number;
}

/** x[…, from : from + size, …]: one run of numbers for each place of the axes before. */
function part(
  call: Call,
  { shape }: TensorInfo,
  values: Float32Array,
  { axis, from, size }: Cut,
): TensorInfo {
  const inner = sizeOf(shape.slice(axis + 1));
  const [row, run, start] = [shape[axis]! * inner, size * inner, from * inner];
  return filled(call, [...shape.slice(0, axis), size, ...shape.slice(axis + 1)], (out) => {
    for (let i = 0; i * run < out.length; i++) {
      out.set(values.subarray(i * row + start, i * row + start + run), i * run);
    }
  });
}
