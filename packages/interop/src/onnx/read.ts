import { refuseLayer } from '../errors.js';
import type { LayerSpec, ModelSpec, OutputSpec } from '../model.js';
import { type OnnxGraph, type OnnxNode, readOnnxGraph } from './graph.js';
import { type Meaning, made, moved } from './meaning.js';
import { activationOf, denseOf, embeddingOf, withBias } from './read-layers.js';
import { recurrentSpec } from './read-recurrent.js';
import { recurrentOps } from './recurrent-node.js';

type Flow = Meaning & { kind: 'flow' };

/** A net while it is read. */
export interface Reading {
  readonly graph: OnnxGraph;
  readonly meanings: Map<string, Meaning>;
  readonly layers: LayerSpec[];
  readonly notes: string[];
  input?: ModelSpec['input'];
}

/**
 * Reads a net of ONNX as a description: recurrent nodes, linear layers, embeddings and activations, one after the other, as
 * exporters write them, whatever transposes and reshapes they put between. Other nets run as they stand: `runOnnx`.
 * Errors: `GW_IMPORT_FORMAT`, `GW_IMPORT_UNSUPPORTED` by the node's name, `GW_IMPORT_WEIGHTS`.
 *
 * @example
 * const model = build(readOnnx(bytes));
 */
export function readOnnx(file: Uint8Array): ModelSpec {
  const graph = readOnnxGraph(file);
  const reading: Reading = { graph, meanings: new Map(), layers: [], notes: [] };
  for (const [name, values] of graph.constants) reading.meanings.set(name, { kind: 'constant', values });
  for (const node of graph.nodes) {
    const meanings = meaningsOf(reading, node);
    node.outputs.forEach((name, k) => {
      const meaning = meanings[k];
      if (name !== '' && meaning) reading.meanings.set(name, meaning);
    });
  }
  return finished(reading);
}

function meaningsOf(reading: Reading, node: OnnxNode): readonly (Meaning | undefined)[] {
  if ((recurrentOps as readonly string[]).includes(node.op)) return recurrentSpec(reading, node);
  const at = node.inputs.findIndex((name) => flowOf(reading, name));
  const flow = at < 0 ? undefined : flowOf(reading, node.inputs[at] as string);
  const inputs = node.inputs.map((name) => reading.meanings.get(name));
  if (!flow || node.op === 'Shape') {
    const states = inputs.filter((m) => m?.kind === 'state');
    if (states.length > 0 && node.op !== 'Shape') return [joined(reading, node, states, inputs.slice(1))];
    return [embeddingOf(reading, node) ?? made(node, inputs)];
  }
  const others = inputs.filter((_, k) => k !== at);
  const found =
    lastOnly(reading, flow, moved(node, flow, others)) ??
    denseOf(reading, node, flow, others) ??
    withBias(reading, node, flow, others) ??
    activationOf(reading, node, flow);
  return [found ?? refuseNode(node)];
}

/** A value that goes from layer to layer; the net's own features are one. */
export function flowOf({ graph, meanings, layers }: Reading, name: string): Flow | undefined {
  const known = meanings.get(name);
  if (known) return known.kind === 'flow' && known.layers === layers.length ? known : undefined;
  const port = graph.inputs.find((one) => one.name === name);
  return port && !port.whole && layers.length === 0 && graph.inputs[0] === port
    ? { kind: 'flow', axes: 'pqF', layers: 0 }
    : undefined;
}

export function refuseNode(node: OnnxNode): never {
  return refuseLayer(
    'GW_IMPORT_UNSUPPORTED',
    node.name,
    `got ${node.op} where it is no part of a chain of layers`,
    'run the net as it stands with runOnnx, or cut it before this node',
  );
}

/** y[:, −1]: a forward layer just before then gives its last output alone; of other layers that step is another. */
function lastOnly({ layers }: Reading, before: Flow, flow: Flow | undefined): Flow | undefined {
  if (!flow || flow.axes.includes('T') || !before.axes.includes('T')) return flow;
  const layer = layers.at(-1);
  const forward =
    layer?.kind === 'recurrent' && layer.directions.length === 1 && !layer.directions[0]?.reverse;
  if (forward) layers[layers.length - 1] = { ...layer, output: 'last' };
  return forward ? flow : undefined;
}

const bothOf = (output: string, layer: string): never =>
  refuseLayer(
    'GW_IMPORT_UNSUPPORTED',
    layer,
    `got every step of it as the output "${output}", and its last step alone as what goes on`,
    'run the net as it stands with runOnnx, or leave that output out',
  );

/** Final states of several layers one after the other, or of one moved about. */
function joined(
  { layers }: Reading,
  node: OnnxNode,
  states: readonly (Meaning & { kind: 'state' })[],
  others: readonly (Meaning | undefined)[],
): Meaning {
  const [first] = states as [Meaning & { kind: 'state' }];
  const same = states.every(({ state }) => state === first.state);
  if (node.op === 'Concat' && same) return { ...first, layers: states.flatMap((one) => one.layers) };
  if (node.op === 'Identity') return first;
  // the last output [B,F] of the layer just before
  const layer = layers.at(-1);
  const isLast = first.layers.length === 1 && first.layers[0] === layers.length - 1 && first.state === 'h';
  if (!isLast || layer?.kind !== 'recurrent') return refuseNode(node);
  layers[layers.length - 1] = { ...layer, output: 'last' };
  return (
    moved(node, { kind: 'flow', axes: 'DBF', layers: layers.length, last: true }, others) ?? refuseNode(node)
  );
}

function finished({ graph, meanings, layers, notes, input }: Reading): ModelSpec {
  const last = layers.at(-1);
  if (!last || !input) {
    return refuseLayer(
      'GW_IMPORT_UNSUPPORTED',
      graph.name,
      'got no recurrent node, RNN, LSTM or GRU',
      'load other nets with tf.js itself',
    );
  }
  const outputs = graph.outputs.flatMap(({ name }): OutputSpec[] => {
    const meaning = meanings.get(name);
    if (meaning?.kind === 'flow') {
      const layer = layers[meaning.layers - 1] as LayerSpec;
      if (meaning.axes.includes('T') && layer.kind === 'recurrent' && layer.output === 'last')
        bothOf(name, layer.name);
      return [{ name, from: 'layer', layer: layer.name }];
    }
    if (meaning?.kind !== 'state') return [];
    return [
      { name, from: 'state', layers: meaning.layers.map((k) => layers[k]!.name), state: meaning.state },
    ];
  });
  const { name, opset, producer } = graph;
  const format = `ONNX, operators of version ${opset}${producer && `, by ${producer}`}`;
  return { name: name || 'onnx', format, input, layers, outputs, notes };
}
