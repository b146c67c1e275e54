import { type Call, filled, floats, integers, type OwnKernel, sizeOf } from './call.js';

/** Rows of a table: axis 0. Ids outside of it are for tf.js to refuse. */
export const gather: OwnKernel = {
  name: 'GatherV2',
  run(call) {
    const { x, indices } = call.inputs;
    const { axis, batchDims } = call.attrs as { axis: number; batchDims?: number };
    const [table, ids] = [floats(call, x), integers(call, indices)];
    if (!table || !ids || (batchDims ?? 0) !== 0 || (axis !== 0 && axis !== -x!.shape.length)) return null;
    const [rows = 0, ...rest] = x!.shape;
    if (table.length === 0 || !ids.every((id) => id >= 0 && id < rows)) return null;
    return filled(call, [...indices!.shape, ...rest], (values) =>
      call.arithmetic.gatherRows({ table, ids, width: sizeOf(rest), values }),
    );
  },
};

/** Σ of the rows of each id: the gradient of a gather. An Infinity stays in its row; tf.js' own spoils them all. */
export const segmentSum: OwnKernel = {
  name: 'UnsortedSegmentSum',
  run(call) {
    const { x, segmentIds } = call.inputs;
    const { numSegments } = call.attrs as { numSegments: number };
    const [values, ids] = [floats(call, x), integers(call, segmentIds)];
    if (!values || !ids || segmentIds!.shape.length !== 1 || ids.length !== x!.shape[0]) return null;
    const rest = x!.shape.slice(1);
    if (values.length === 0 || !(numSegments > 0)) return null;
    return filled(call, [numSegments, ...rest], (table) =>
      call.arithmetic.scatterRows({ table, ids, width: sizeOf(rest), values }),
    );
  },
};

/** Σ over neighbouring axes before the last: a bias' gradient, a sum over time. */
export const sum: OwnKernel = {
  name: 'Sum',
  run(call) {
    const x = call.inputs.x!;
    const values = floats(call, x);
    const range = values && rangeOf(call, x.shape);
    if (!range) return null;
    const { from, to } = range;
    const width = sizeOf(x.shape.slice(to));
    const each = sizeOf(x.shape.slice(from, to)) * width;
    if (each < SMALL || width === 1) return null;
    const kept = call.attrs.keepDims === true ? x.shape.slice(from, to).map(() => 1) : [];
    return filled(call, [...x.shape.slice(0, from), ...kept, ...x.shape.slice(to)], (out) => {
      for (let i = 0; i * width < out.length; i++) {
        call.arithmetic.sumRows(
          values.subarray(i * each, (i + 1) * each),
          out.subarray(i * width, (i + 1) * width),
        );
      }
    });
  },
};

/** Below this a call costs more than it saves. */
const SMALL = 256;

/** The axes [from, to), if they are neighbours and not the last. */
function rangeOf({ attrs }: Call, shape: readonly number[]): { from: number; to: number } | null {
  if (attrs.axis === null || attrs.axis === undefined) return null;
  const rank = shape.length;
  const axes = [attrs.axis as number | number[]].flat().map((a) => (a < 0 ? a + rank : a));
  const [from, to] = [Math.min(...axes), Math.max(...axes) + 1];
  const fits = axes.length > 0 && new Set(axes).size === to - from && from >= 0 && to < rank;
  return fits ? { from, to } : null;
}

/** Over the last axis; others are tf.js'. */
export const softmax: OwnKernel = {
  name: 'Softmax',
  run(call) {
    const x = call.inputs.logits!;
    const values = floats(call, x);
    const dim = call.attrs.dim as number;
    if (!values || values.length < SMALL || (dim !== -1 && dim !== x.shape.length - 1)) return null;
    return filled(call, [...x.shape], (out) => call.arithmetic.softmax(values, x.shape.at(-1)!, out));
  },
};

/** A transpose that moves nothing shares its array; gathers' gradients ask for some. */
export const transpose: OwnKernel = {
  name: 'Transpose',
  run({ inputs, attrs, backend }) {
    const x = inputs.x!;
    const moved = x.shape.flatMap((d, i) => (d === 1 ? [] : [i]));
    const order = (attrs.perm as number[]).filter((i) => x.shape[i] !== 1);
    if (!order.every((axis, i) => axis === moved[i])) return null;
    backend.incRef(x.dataId);
    const shape = (attrs.perm as number[]).map((i) => x.shape[i]!);
    return { dataId: x.dataId, shape, dtype: x.dtype };
  },
};
