import { didYouMean } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { refuse, refuseLayer } from '../errors.js';
import type { Values } from '../model.js';
import type { OnnxGraph, OnnxNode } from './graph.js';
import { operators } from './operators.js';
import { recurrentOps } from './recurrent-node.js';
import { type Running, runRecurrent } from './run-recurrent.js';
import type { OnnxTensor } from './tensor.js';

/** Row-major numbers by name. */
export type Numbers = Readonly<
  Record<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>
>;

export interface RunOptions {
  /** Only this engine for the recurrent nodes. */
  readonly engine?: string;
}

/**
 * Runs a net of ONNX as it stands: RNN, LSTM and GRU nodes fused by this project's engines, the rest by tf.js.
 * Errors: `GW_IMPORT_FIXTURE` for inputs that are not the net's, `GW_IMPORT_UNSUPPORTED` by a node's name, `GW_OP_…`.
 *
 * @example
 * const { Y } = await runOnnx(readOnnxGraph(bytes), { X: { shape: [5, 1, 3], data: x } });
 */
export async function runOnnx(
  graph: OnnxGraph,
  inputs: Numbers,
  options: RunOptions = {},
): Promise<Record<string, Values>> {
  checkInputs(graph, inputs);
  const values = new Map<string, tf.Tensor>();
  try {
    for (const [name, constant] of graph.constants) values.set(name, tensorOf(constant));
    for (const { name, whole } of graph.inputs) values.set(name, tensorOf({ ...inputs[name]!, whole }));
    for (const node of graph.nodes) {
      const results = await runNode(graph, node, values, options);
      for (const [k, result] of results.entries()) {
        // results that nothing reads have no name
        values.set(node.outputs[k] || `${node.name} output ${k}`, result);
      }
    }
    const found = graph.outputs.map(async ({ name }): Promise<[string, Values]> => {
      const value =
        values.get(name) ??
        refuse(
          'GW_IMPORT_FORMAT',
          `got no node that gives the output "${name}", wanted one; the file is damaged`,
        );
      return [name, { shape: value.shape, data: Float32Array.from(await value.data()) }];
    });
    return Object.fromEntries(await Promise.all(found));
  } finally {
    tf.dispose([...values.values()]);
  }
}

function checkInputs({ inputs: ports }: OnnxGraph, inputs: Numbers): void {
  for (const { name, shape } of ports) {
    const got = inputs[name];
    const fits =
      got?.shape.length === shape.length &&
      shape.every((n, i) => typeof n !== 'number' || n === got.shape[i]);
    if (got && (fits || shape.length === 0)) continue;
    const said = got ? `[${got.shape}]` : `none (but ${Object.keys(inputs).join(', ') || 'nothing'})`;
    refuse(
      'GW_IMPORT_FIXTURE',
      `input "${name}": got ${said}, wanted [${shape.map((n) => n ?? '?').join(', ')}]`,
    );
  }
}

/** Integers beyond 32 bits stand for "to the end". */
function tensorOf({
  shape,
  data,
  whole,
}: Pick<OnnxTensor, 'shape' | 'whole'> & { data: ArrayLike<number> }): tf.Tensor {
  if (!whole) return tf.tensor(Float32Array.from(data), [...shape], 'float32');
  const least = -(2 ** 31);
  return tf.tensor(
    Int32Array.from(data, (v) => Math.max(least, Math.min(v, -least - 1))),
    [...shape],
    'int32',
  );
}

async function runNode(
  graph: OnnxGraph,
  node: OnnxNode,
  values: ReadonlyMap<string, tf.Tensor>,
  options: RunOptions,
): Promise<tf.Tensor[]> {
  const inputs = node.inputs.map((name) => {
    if (name === '') return undefined;
    return (
      values.get(name) ??
      refuseLayer(
        'GW_IMPORT_FORMAT',
        node.name,
        `got the input "${name}", which nothing before gives`,
        'the file is damaged',
      )
    );
  });
  if (isRecurrent(node)) {
    const call = await running(graph, node, inputs);
    return tf.tidy(() => runRecurrent(node, { ...call, ...options }));
  }
  const operator = Object.hasOwn(operators, node.op) ? operators[node.op] : undefined;
  if (!operator) return unknown(node);
  // what says shapes, axes and ids
  const read = inputs.map(
    async (t) => (t?.dtype === 'int32' ? [t, Array.from(await t.data())] : []) as [tf.Tensor, number[]],
  );
  const numbers = new Map(await Promise.all(read));
  return tf.tidy(() => operator(inputs, node, graph.opset, (t) => numbers.get(t) ?? []));
}

const isRecurrent = ({ op }: OnnxNode) => (recurrentOps as readonly string[]).includes(op);

function unknown(node: OnnxNode): never {
  const known = [...recurrentOps, ...Object.keys(operators)];
  return refuseLayer(
    'GW_IMPORT_UNSUPPORTED',
    node.name,
    `got the operator ${node.op}${didYouMean(node.op, known)}, wanted one of ${known.join(', ')}`,
    'cut the net before it, or run it with ONNX Runtime',
  );
}

async function running(
  { constants }: OnnxGraph,
  node: OnnxNode,
  inputs: readonly (tf.Tensor | undefined)[],
): Promise<Running> {
  const [x, , , , lengths, h0, c0] = inputs;
  // weights are rearranged on the host: of constants without reading them back
  const host = async (k: number): Promise<Values | undefined> => {
    const constant = constants.get(node.inputs[k] ?? '');
    if (constant) return { shape: constant.shape, data: Float32Array.from(constant.data) };
    const t = inputs[k];
    return t && { shape: t.shape, data: (await t.data<'float32'>()) as Float32Array };
  };
  const [W, R, B, P] = await Promise.all([1, 2, 3, 7].map(host));
  if (!x || !W || !R) {
    return refuseLayer(
      'GW_IMPORT_WEIGHTS',
      node.name,
      `got ${node.op} without X, W or R`,
      'the file is damaged',
    );
  }
  return {
    x,
    weights: { W, R, ...(B && { B }), ...(P && { P }) },
    ...(lengths && { lengths: Array.from(await lengths.data()) }),
    ...(h0 && { h0 }),
    ...(c0 && { c0 }),
  };
}
