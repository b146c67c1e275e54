import type { LayerSpec, ModelSpec, OutputSpec } from '../model.js';
import { Net } from './net.js';
import { encode } from './protobuf.js';
import { modelSchema, type RawModel, type RawPort } from './schema.js';
import { FLOAT, INT32, INT64 } from './tensor.js';
import { activate } from './write-activation.js';
import { noMask, writeRecurrent } from './write-recurrent.js';

export interface OnnxOptions {
  /**
   * The net takes an input `lengths` [batch], the real steps of each row; what lies behind is padding. A layer that makes
   * masks can only be written so.
   */
  readonly lengths?: boolean;
}

/**
 * Writes a description as ONNX: x [batch, time, I] or ids [batch, time] and the initial states as inputs, batch and time
 * symbolic; the outputs of the description, and every final state. Initial states that were learned are constants of the
 * net. Errors: `GW_EXPORT_UNSUPPORTED` by the layer's name.
 *
 * @example
 * const bytes = writeOnnx(await describe(model));
 */
export function writeOnnx(spec: ModelSpec, { lengths = false }: OnnxOptions = {}): Uint8Array {
  const net = new Net(lengths);
  const { input } = spec;
  if (input.kind === 'ids') net.input('x', INT64, ['batch', 'time']);
  else net.input('x', FLOAT, ['batch', 'time', input.width]);
  if (lengths) net.input('lengths', INT32, ['batch']);
  let value = 'x';
  const after = new Map<string, string>();
  for (const [n, layer] of spec.layers.entries()) {
    value = writeLayer(net, layer, value, n === 0 && input.kind === 'ids');
    after.set(layer.name, value);
  }
  const outputs = outputsOf(spec, net, after);
  const model: RawModel = {
    irVersion: 8,
    producer: 'gatewise',
    opsets: [{ domain: '', version: 17 }],
    graph: {
      name: spec.name,
      ...{ nodes: net.nodes, initialisers: net.constants, inputs: net.inputs },
      outputs,
    },
  };
  return encode(model, modelSchema);
}

/** The layer's nodes; gives the name of its value, [batch, time, …] or [batch, …]. */
function writeLayer(net: Net, layer: LayerSpec, x: string, readsIds: boolean): string {
  switch (layer.kind) {
    case 'recurrent':
      return writeRecurrent(net, layer, x, readsIds);
    case 'dense': {
      const product = net.node('MatMul', [x, net.constant(`${layer.name}.W`, layer.W)]);
      const sum = layer.bias
        ? net.node('Add', [product, net.constant(`${layer.name}.b`, layer.bias)])
        : product;
      return activate(net, layer.name, layer.activation, sum);
    }
    case 'embedding':
      if (layer.maskZero && !net.lengths) noMask(layer.name);
      return net.node('Gather', [net.constant(`${layer.name}.table`, layer.table), x]);
    case 'masking':
      if (!net.lengths) noMask(layer.name);
      return x;
    case 'activation':
      return activate(net, layer.name, layer.activation, x);
    case 'dropout':
      return x;
  }
}

function outputsOf({ outputs, layers }: ModelSpec, net: Net, after: ReadonlyMap<string, string>): RawPort[] {
  const named = outputs.flatMap((output) => {
    if (output.from === 'state') return [];
    const rank = steps(layers, output.layer) ? ['batch', 'time', ''] : ['batch', ''];
    return [net.output(output.name, after.get(output.layer) as string, rank)];
  });
  return [...named, ...states(outputs, net)];
}

/** All final states of layers, by the description's names, and each layer's own. */
function states(outputs: readonly OutputSpec[], net: Net): RawPort[] {
  const joined = outputs.flatMap((output) => {
    if (output.from === 'layer') return [];
    const parts = output.layers.map((layer) => net.finals.get(`${layer}.${output.state}`) as string);
    return [net.output(output.name, net.node('Concat', parts, { axis: 0 }), ['', 'batch', ''])];
  });
  const each = [...net.finals].map(([name, value]) => net.output(`${name}_n`, value, ['', 'batch', '']));
  return [...joined, ...each];
}

/** Whether a value still has a time axis behind this layer. */
function steps(layers: readonly LayerSpec[], name: string): boolean {
  const until = layers.slice(0, layers.findIndex((layer) => layer.name === name) + 1);
  return !until.some((layer) => layer.kind === 'recurrent' && layer.output === 'last');
}
