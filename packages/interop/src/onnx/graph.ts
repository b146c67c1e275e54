import { refuse, refuseLayer } from '../errors.js';
import { damaged, decode } from './protobuf.js';
import {
  modelSchema,
  type RawAttribute,
  type RawGraph,
  type RawModel,
  type RawNode,
  type RawPort,
} from './schema.js';
import { FLOAT, isWhole, type OnnxTensor, tensorOf } from './tensor.js';

/** A net of ONNX: nodes in the order in which they run. */
export interface OnnxGraph {
  readonly name: string;
  /** The version of operators, of the default domain. */
  readonly opset: number;
  readonly producer: string;
  readonly nodes: readonly OnnxNode[];
  readonly constants: ReadonlyMap<string, OnnxTensor>;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}
export interface OnnxNode {
  readonly name: string;
  readonly op: string;
  /** An empty name is an input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
}
type Attribute = number | string | readonly number[] | readonly string[] | OnnxTensor;
/** An input or output of the net; a dimension may be a name, or unknown. */
export interface Port {
  readonly name: string;
  readonly whole: boolean;
  readonly shape: readonly (number | string | null)[];
}

/** Reads a model. Errors: `GW_IMPORT_FORMAT`, `GW_IMPORT_UNSUPPORTED`. */
export function readOnnxGraph(file: Uint8Array): OnnxGraph {
  const { graph, opsets = [], producer = '' } = decode(file, modelSchema) as RawModel;
  const opset = opsets.find(({ domain = '' }) => domain === '' || domain === 'ai.onnx')?.version;
  if (!graph || !(Number(opset) > 0)) {
    return damaged(`no ${graph ? 'version of operators' : 'graph'} in ${file.length} bytes`);
  }
  if (graph.sparse) {
    refuse('GW_IMPORT_UNSUPPORTED', 'got sparse constants, wanted dense ones; save the model without them');
  }
  return { name: graph.name ?? '', opset: Number(opset), producer, ...partsOf(graph) };
}

function partsOf({ nodes = [], initialisers = [], inputs = [], outputs = [] }: RawGraph) {
  const constants = new Map(initialisers.map((raw) => [raw.name ?? '', tensorOf(raw)]));
  const running: OnnxNode[] = [];
  for (const node of nodes.map(nodeOf)) {
    const value = node.op === 'Constant' ? constantOf(node) : undefined;
    if (value) constants.set(node.outputs[0] ?? '', value);
    else running.push(node);
  }
  return {
    constants,
    nodes: running,
    // the first versions of ONNX list weights as inputs too
    inputs: inputs.map(portOf).filter(({ name }) => !constants.has(name)),
    outputs: outputs.map(portOf),
  };
}

function constantOf({ attributes }: OnnxNode): OnnxTensor | undefined {
  for (const [name, value] of attributes) {
    if (name === 'value') return value as OnnxTensor;
    const listed = [value].flat() as number[];
    const shape = Array.isArray(value) ? [listed.length] : [];
    if (/^value_ints?$/.test(name)) return { shape, data: Float64Array.from(listed), whole: true };
    if (/^value_floats?$/.test(name)) return { shape, data: Float32Array.from(listed), whole: false };
  }
  return undefined;
}

function nodeOf({
  name,
  op = '',
  domain = '',
  inputs = [],
  outputs = [],
  attributes = [],
}: RawNode): OnnxNode {
  const called = name || outputs.find(Boolean) || op;
  if (domain !== '' && domain !== 'ai.onnx') {
    refuse(
      'GW_IMPORT_UNSUPPORTED',
      `node "${called}": got ${op} of the domain ${domain}, wanted operators of ONNX itself; export without it`,
    );
  }
  return {
    name: called,
    op,
    inputs,
    outputs,
    attributes: new Map(attributes.map((raw) => attributeOf(raw, called, op))),
  };
}

function attributeOf(
  { name = '', type = 0, ...raw }: RawAttribute,
  node: string,
  op: string,
): [string, Attribute] {
  const values: Readonly<Record<number, Attribute | undefined>> = {
    ...{ 1: raw.f ?? 0, 2: raw.i ?? 0, 3: raw.s ?? '', 4: raw.t && tensorOf(raw.t) },
    ...{ 6: raw.floats ?? [], 7: raw.ints ?? [], 8: raw.strings ?? [] },
  };
  const value = values[type];
  if (value !== undefined) return [name, value];
  const [got, wayOut] = [5, 10].includes(type)
    ? ['a graph inside: a branch or a loop', 'cut the net before it']
    : [`the type ${type} of ONNX`, 'wanted numbers, text or a tensor: cut the net before it'];
  return refuseLayer(
    'GW_IMPORT_UNSUPPORTED',
    node,
    `got ${op} with ${got}, in "${name}"`,
    `${wayOut}, or run it with ONNX Runtime`,
  );
}

function portOf({ name = '', type }: RawPort): Port {
  const { elementType = FLOAT, shape } = type?.tensor ?? {};
  const dims = shape?.dims ?? [];
  return {
    name,
    whole: isWhole(elementType),
    shape: dims.map(({ value, symbol }) => value ?? symbol ?? null),
  };
}
