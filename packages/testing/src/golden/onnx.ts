import { GatewiseError } from '@gatewise/core';
import {
  type Comparison,
  compare,
  type OnnxGraph,
  readOnnxGraph,
  runOnnx,
  suggestedLimit,
} from '@gatewise/interop';
import { type GoldenFile, isDictionary, need } from './file.js';
import { type GoldenOptions, Skip } from './run.js';

/** Kind `onnx-node`: one RNN, GRU or LSTM node with all that it reads, held to the rtol and atol that ONNX ships. */
export async function replayOnnxNode(file: GoldenFile, options: GoldenOptions): Promise<Comparison[]> {
  const { rtol, atol } = file.raw as { rtol: number; atol: number };
  return replay(file, oneNode(file), options, () => (v) => atol + rtol * Math.abs(v));
}

/** Kind `onnx`: a net in a file beside it. */
export async function replayOnnx(file: GoldenFile, options: GoldenOptions): Promise<Comparison[]> {
  const path = String(need(file.raw.file, 'file'));
  if (!options.read) throw new Skip('its model file cannot be read from here');
  const bytes = need(await options.read(path), `file "${path}" beside it`);
  const { float32Error } = file.raw as { float32Error?: { expected?: Record<string, number> } };
  return replay(file, readOnnxGraph(bytes), options, (name, wanted) => {
    const limit = suggestedLimit(float32Error?.expected?.[name] ?? 0, wanted);
    return () => limit;
  });
}

async function replay(
  { inputs, expected }: GoldenFile,
  graph: OnnxGraph,
  { engine }: GoldenOptions,
  limitOf: (name: string, wanted: ArrayLike<number>) => (wanted: number) => number,
): Promise<Comparison[]> {
  const got = await runOnnx(graph, inputs, engine === undefined ? {} : { engine }).catch((error: unknown) => {
    const missing = error instanceof GatewiseError && error.code === 'GW_IMPORT_UNSUPPORTED';
    throw missing ? new Skip(error.message) : error;
  });
  return Object.entries(expected).map(([name, { data }]) =>
    compare(`expected.${name}`, need(got[name], `output ${name}`).data, data, limitOf(name, data)),
  );
}

/** The net that has this node alone; every input of the node is one of the net. */
function oneNode({ raw, inputs, expected }: GoldenFile): OnnxGraph {
  const op = String(raw.opType);
  const attributes = isDictionary(raw.attributes) ? raw.attributes : {};
  const node = {
    name: op,
    op,
    inputs: raw.nodeInputs as string[],
    outputs: raw.nodeOutputs as string[],
    attributes: new Map(Object.entries(attributes as Record<string, number>)),
  };
  const port = (name: string) => ({
    name,
    whole: inputs[name]?.data instanceof Int32Array,
    shape: inputs[name]?.shape ?? [],
  });
  return {
    ...{ name: op, opset: Number(raw.opset), producer: '', nodes: [node], constants: new Map() },
    inputs: node.inputs.filter(Boolean).map(port),
    outputs: Object.keys(expected).map(port),
  };
}
