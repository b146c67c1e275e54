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
  const made = tf.tidy(() => {
    const values = new Map<string, tf.Tensor>();
    for (const [name, constant] of graph.constants) values.set(name, tensorOf(constant));
    for (const { name, whole } of graph.inputs) values.set(name, tensorOf({ ...inputs[name]!, whole }));
    for (const node of graph.nodes) {
      const results = runNode(graph, node, values, options);
      for (const [k, name] of node.outputs.entries()) {
        const result = results[k];
        if (name !== '' && result) values.set(name, result);
      }
    }
    return graph.outputs.map(({ name }) => {
      const value = values.get(name);
      return value
        ? tf.clone(value)
        : refuse(
            'GW_IMPORT_FORMAT',
            `got no node that gives the output "${name}", wanted one; the file is damaged`,
          );
    });
  });
  const read = await Promise.all(made.map((t) => t.data()));
  const found = made.map(({ shape }, k) => ({ shape, data: Float32Array.from(read[k]!) }));
  tf.dispose(made);
  return Object.fromEntries(graph.outputs.map(({ name }, k) => [name, found[k]!]));
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

function runNode(
  graph: OnnxGraph,
  node: OnnxNode,
  values: ReadonlyMap<string, tf.Tensor>,
  options: RunOptions,
): tf.Tensor[] {
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
  if (isRecurrent(node)) return runRecurrent(node, { ...running(graph, node, inputs), ...options });
  const operator = Object.hasOwn(operators, node.op) ? operators[node.op] : undefined;
  return operator ? operator(inputs, node, graph.opset) : unknown(node);
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

function running(
  { constants }: OnnxGraph,
  node: OnnxNode,
  inputs: readonly (tf.Tensor | undefined)[],
): Running {
  const [x, , , , lengths, h0, c0] = inputs;
  // weights are rearranged on the host: of constants without reading them back
  const host = (k: number): Values | undefined => {
    const constant = constants.get(node.inputs[k] ?? '');
    if (constant) return { shape: constant.shape, data: Float32Array.from(constant.data) };
    const t = inputs[k];
    return t && { shape: t.shape, data: t.dataSync<'float32'>() as Float32Array };
  };
  const [W, R, B, P] = [1, 2, 3, 7].map(host);
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
    ...(lengths && { lengths: Array.from(lengths.dataSync()) }),
    ...(h0 && { h0 }),
    ...(c0 && { c0 }),
  };
}
