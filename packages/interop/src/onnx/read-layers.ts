import type { Activation, DenseSpec, LayerSpec, Values } from '../model.js';
import { transposed } from '../values.js';
import type { OnnxNode } from './graph.js';
import type { Meaning } from './meaning.js';
import type { Reading } from './read.js';
import type { OnnxTensor } from './tensor.js';

type Flow = Meaning & { kind: 'flow' };
type Others = readonly (Meaning | undefined)[];

const valuesOf = ({ shape, data }: OnnxTensor): Values => ({ shape, data: Float32Array.from(data) });
const constant = (m: Meaning | undefined) =>
  m?.kind === 'constant' && !m.values.whole ? valuesOf(m.values) : undefined;

/** Adds a layer; the flow is behind it then. */
export function follow({ layers }: Reading, flow: Flow, layer: LayerSpec): Flow {
  layers.push(layer);
  return { ...flow, layers: layers.length };
}

/** x W, or Gemm's x W + b. */
export function denseOf(reading: Reading, node: OnnxNode, flow: Flow, [w, b]: Others): Flow | undefined {
  const W = constant(w);
  if (W?.shape.length !== 2 || !flow.axes.endsWith('F')) return undefined;
  const get = (name: string, absent: number) => node.attributes.get(name) ?? absent;
  const plain = get('alpha', 1) === 1 && get('beta', 1) === 1 && get('transA', 0) === 0;
  if (node.op !== 'MatMul' && !(node.op === 'Gemm' && plain)) return undefined;
  const turned = node.op === 'Gemm' && get('transB', 0) === 1 ? transposed(W) : W;
  const bias = constant(b);
  const dense: DenseSpec = { kind: 'dense', name: nameOf(reading, node), W: turned, activation: 'linear' };
  return follow(reading, flow, bias ? { ...dense, bias } : dense);
}

/** x W + b, the product in a node of its own. */
export function withBias({ layers }: Reading, node: OnnxNode, flow: Flow, [b]: Others): Flow | undefined {
  const last = layers.at(-1);
  const bias = constant(b);
  const fits = last?.kind === 'dense' && !last.bias && last.activation === 'linear';
  if (node.op !== 'Add' || !fits || !bias || bias.data.length !== last.W.shape[1]) return undefined;
  layers[layers.length - 1] = { ...last, bias: { shape: [bias.data.length], data: bias.data } };
  return flow;
}

const activations: Readonly<Record<string, Activation>> = {
  ...{
    Tanh: 'tanh',
    Sigmoid: 'sigmoid',
    Relu: 'relu',
    Selu: 'selu',
    Softplus: 'softplus',
    Softsign: 'softsign',
  },
};

/** φ(x), as a part of the linear layer before it where there is one. */
export function activationOf(reading: Reading, node: OnnxNode, flow: Flow): Flow | undefined {
  const activation = functionOf(node, flow, reading.graph.opset);
  if (!activation) return undefined;
  const { layers } = reading;
  const last = layers.at(-1);
  if (last?.kind !== 'dense' || last.activation !== 'linear') {
    return follow(reading, flow, { kind: 'activation', name: nameOf(reading, node), activation });
  }
  layers[layers.length - 1] = { ...last, activation };
  return flow;
}

function functionOf({ op, attributes }: OnnxNode, { axes }: Flow, opset: number): Activation | undefined {
  const get = (name: string, absent: number) => (attributes.get(name) as number | undefined) ?? absent;
  if (op === 'Softmax') {
    const axis = get('axis', opset < 13 ? 1 : -1);
    return axis === -1 || axis === axes.length - 1 ? 'softmax' : undefined;
  }
  if (op === 'Elu') return get('alpha', 1) === 1 ? 'elu' : undefined;
  if (op === 'HardSigmoid' && get('beta', 0.5) === 0.5) {
    const alpha = Math.fround(get('alpha', 0.2));
    if (alpha === Math.fround(0.2)) return 'hard-sigmoid';
    return alpha === Math.fround(1 / 6) ? 'hard-sigmoid-6' : undefined;
  }
  return Object.hasOwn(activations, op) ? activations[op] : undefined;
}

/** Rows of a table by the ids that the net reads. */
export function embeddingOf(reading: Reading, node: OnnxNode): Meaning | undefined {
  const { graph, meanings, layers } = reading;
  const [table, ids] = node.inputs as [string, string];
  const rows = constant(meanings.get(table));
  const reads = graph.inputs.some((port) => port.name === ids && port.whole);
  const axis = node.attributes.get('axis') ?? 0;
  if (node.op !== 'Gather' || !rows || rows.shape.length !== 2 || !reads || layers.length > 0 || axis !== 0)
    return undefined;
  reading.input = { kind: 'ids', steps: null, size: rows.shape[0] as number };
  const layer = { kind: 'embedding', name: nameOf(reading, node), table: rows, maskZero: false } as const;
  return follow(reading, { kind: 'flow', axes: 'pqF', layers: 0 }, layer);
}

/** A name that tf.layers takes, once. */
export function nameOf({ layers }: Reading, node: OnnxNode): string {
  const plain = node.name.replace(/[^A-Za-z0-9_.]+/g, '_').replace(/^_+|_+$/g, '') || node.op.toLowerCase();
  const taken = layers.some(({ name }) => name === plain);
  return taken ? `${plain}_${layers.length}` : plain;
}
