import * as tf from '@tensorflow/tfjs-core';
import { refuseLayer } from '../errors.js';
import type { OnnxNode } from './graph.js';

/** What an operator reads: an input that is left out is undefined; `whole` gives the integers of one. */
export type Operator = (
  inputs: readonly (tf.Tensor | undefined)[],
  node: OnnxNode,
  opset: number,
  whole: Whole,
) => tf.Tensor[];
type Whole = (t: tf.Tensor) => number[];

const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

function attribute<T>({ attributes }: OnnxNode, name: string, absent: T): T {
  return (attributes.get(name) as T | undefined) ?? absent;
}
/** Given as an attribute up to some version of ONNX, as an input since. */
function listed(
  node: OnnxNode,
  name: string,
  input: tf.Tensor | undefined,
  whole: Whole,
): number[] | undefined {
  return input ? whole(input) : (node.attributes.get(name) as number[] | undefined);
}

const one =
  (f: (x: tf.Tensor, node: OnnxNode) => tf.Tensor): Operator =>
  ([x], node) => [f(x as tf.Tensor, node)];
const two =
  (f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): Operator =>
  ([a, b]) => [f(a as tf.Tensor, b as tf.Tensor)];

const elementWise: Readonly<Record<string, Operator>> = {
  Add: two(tf.add),
  Sub: two(tf.sub),
  Mul: two(tf.mul),
  // integers are divided towards zero
  Div: two((a, b) => (a.dtype === 'int32' ? tf.cast(tf.div(a, b), 'int32') : tf.div(a, b))),
  Relu: one((x) => tf.relu(x)),
  Tanh: one((x) => tf.tanh(x)),
  Sigmoid: one((x) => tf.sigmoid(x)),
  Exp: one((x) => tf.exp(x)),
  Elu: one((x, node) =>
    attribute(node, 'alpha', 1) === 1 ? tf.elu(x) : unsupported(node, 'an alpha other than 1'),
  ),
  Selu: one((x) => tf.selu(x)),
  Softplus: one((x) => tf.softplus(x)),
  // x / (1 + |x|)
  Softsign: one((x) => tf.div(x, tf.add(tf.abs(x), 1))),
  HardSigmoid: one((x, node) =>
    tf.clipByValue(tf.add(tf.mul(x, attribute(node, 'alpha', 0.2)), attribute(node, 'beta', 0.5)), 0, 1),
  ),
  Softmax: (inputs, node, opset) => [softmaxOf(inputs, node, opset, tf.softmax)],
  LogSoftmax: (inputs, node, opset) => [softmaxOf(inputs, node, opset, tf.logSoftmax)],
  Equal: two(tf.equal),
  Where: ([c, a, b]) => [tf.where(tf.cast(c as tf.Tensor, 'bool'), a as tf.Tensor, b as tf.Tensor)],
  Identity: one((x) => tf.clone(x)),
  Dropout: one((x) => tf.clone(x)),
  Cast: one((x, node) =>
    tf.cast(x, [1, 10, 11, 16].includes(attribute(node, 'to', 1)) ? 'float32' : 'int32'),
  ),
};

/** Before version 13 everything from the axis on was one row. */
function softmaxOf(
  [x]: readonly (tf.Tensor | undefined)[],
  node: OnnxNode,
  opset: number,
  f: (x: tf.Tensor, axis: number) => tf.Tensor,
): tf.Tensor {
  const { rank } = x as tf.Tensor;
  const axis = axisOf(attribute(node, 'axis', opset < 13 ? 1 : -1), rank);
  if (axis === rank - 1) return f(x as tf.Tensor, axis);
  return unsupported(node, `the axis ${axis} of ${rank}, where only the last is supported`);
}

const products: Readonly<Record<string, Operator>> = {
  MatMul: two((a, b) => tf.matMul(a, b)),
  Gemm: ([a, b, c], node) => {
    // α op(A) op(B) + β C
    const [transA, transB] = [
      attribute<number>(node, 'transA', 0) === 1,
      attribute<number>(node, 'transB', 0) === 1,
    ];
    const scaled = (t: tf.Tensor, by: number) => (by === 1 ? t : tf.mul(t, by));
    const ab = scaled(
      tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D, transA, transB),
      attribute(node, 'alpha', 1),
    );
    return [c ? tf.add(ab, scaled(c, attribute(node, 'beta', 1))) : ab];
  },
};

const shapes: Readonly<Record<string, Operator>> = {
  Transpose: one((x, node) => tf.transpose(x, attribute<number[] | undefined>(node, 'perm', undefined))),
  Shape: one((x, node) => {
    const { rank, shape } = x;
    const end = attribute(node, 'end', rank);
    return tf.tensor1d(shape.slice(axisOf(attribute(node, 'start', 0), rank), axisOf(end, rank)), 'int32');
  }),
  Reshape: ([x, to], node, _, whole) => {
    const wanted = listed(node, 'shape', to, whole) as number[];
    const shape = wanted.map((n, i) => (n === 0 ? ((x as tf.Tensor).shape[i] as number) : n));
    return [tf.reshape(x as tf.Tensor, shape)];
  },
  Flatten: one((x, node) => {
    const head = x.shape.slice(0, axisOf(attribute(node, 'axis', 1), x.rank)).reduce((a, b) => a * b, 1);
    return tf.reshape(x, [head, -1]);
  }),
  Squeeze: ([x, axes], node, _, whole) => {
    const which = listed(node, 'axes', axes, whole)?.map((axis) => axisOf(axis, (x as tf.Tensor).rank));
    return [tf.squeeze(x as tf.Tensor, which)];
  },
  Unsqueeze: ([x, axes], node, _, whole) => {
    const which = listed(node, 'axes', axes, whole) as number[];
    const rank = (x as tf.Tensor).rank + which.length;
    const added = new Set(which.map((axis) => axisOf(axis, rank)));
    const rest = [...(x as tf.Tensor).shape];
    const shape = Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : (rest.shift() as number)));
    return [tf.reshape(x as tf.Tensor, shape)];
  },
  Expand: ([x, to], _node, _opset, whole) => {
    const [from, wanted] = [(x as tf.Tensor).shape, whole(to as tf.Tensor)];
    const rank = Math.max(from.length, wanted.length);
    const [a, b] = [from, wanted].map((s) => [...Array(rank - s.length).fill(1), ...s]) as [
      number[],
      number[],
    ];
    return [
      tf.broadcastTo(
        tf.reshape(x as tf.Tensor, a),
        a.map((n, i) => (n === 1 ? (b[i] as number) : n)),
      ),
    ];
  },
  ConstantOfShape: ([to], node, _, whole) => {
    const value = node.attributes.get('value') as { data: ArrayLike<number>; whole: boolean } | undefined;
    return [tf.fill(whole(to as tf.Tensor), value?.data[0] ?? 0, value?.whole ? 'int32' : 'float32')];
  },
  Concat: (inputs, node) => {
    const all = inputs as tf.Tensor[];
    return [tf.concat(all, axisOf(attribute(node, 'axis', 0), all[0]?.rank ?? 0))];
  },
  Gather: ([x, ids], node, _, whole) => {
    const axis = axisOf(attribute(node, 'axis', 0), (x as tf.Tensor).rank);
    const n = (x as tf.Tensor).shape[axis] as number;
    const from = whole(ids as tf.Tensor).map((id) => axisOf(id, n));
    return [tf.gather(x as tf.Tensor, tf.tensor(from, (ids as tf.Tensor).shape, 'int32'), axis)];
  },
  Slice: ([x, ...rest], node, _, whole) => [sliceOf(x as tf.Tensor, rest, node, whole)],
};

function sliceOf(
  x: tf.Tensor,
  [starts, ends, axes, steps]: readonly (tf.Tensor | undefined)[],
  node: OnnxNode,
  whole: Whole,
): tf.Tensor {
  const from = listed(node, 'starts', starts, whole) as number[];
  const to = listed(node, 'ends', ends, whole) as number[];
  const along = (listed(node, 'axes', axes, whole) ?? from.map((_, i) => i)).map((axis) =>
    axisOf(axis, x.rank),
  );
  const by = listed(node, 'steps', steps, whole) ?? from.map(() => 1);
  if (by.some((n) => n !== 1))
    return unsupported(node, `steps of ${by.join(', ')}, where only 1 is supported`);
  const begin = x.shape.map(() => 0);
  const size = [...x.shape];
  along.forEach((axis, k) => {
    const n = x.shape[axis] as number;
    const within = (i: number) => Math.min(Math.max(axisOf(i, n), 0), n);
    begin[axis] = within(from[k] as number);
    size[axis] = Math.max(0, within(to[k] as number) - (begin[axis] as number));
  });
  return tf.slice(x, begin, size);
}

/** What may stand around recurrent nodes. */
export const operators: Readonly<Record<string, Operator>> = { ...elementWise, ...products, ...shapes };

function unsupported(node: OnnxNode, got: string): never {
  return refuseLayer(
    'GW_IMPORT_UNSUPPORTED',
    node.name,
    `got ${node.op} with ${got}`,
    'export the net without it',
  );
}
