import * as tf from '@tensorflow/tfjs-core';
import { refuse } from '../errors.js';
import type { Dialect } from '../keras/activation.js';
import { field, isObject, type Json, parseJson } from '../keras/json.js';
import { describedModel } from '../keras/read.js';
import { roleOf, type WeightSource } from '../keras/source.js';
import { type Topology, topologyOf } from '../keras/topology.js';
import type { ModelSpec, Values } from '../model.js';
import { sizeOf } from '../values.js';

/** What the files may not say. */
export interface TfLayersOptions {
  /** Which Keras the model came from; asked for where hard_sigmoid depends on it and the file does not say. */
  readonly kerasVersion?: 2 | 3;
}

/**
 * Reads a tf.layers model: `model.json` and the files of weights that it names, also as the tensorflowjs converter writes it
 * from Keras 2 and 3. Quantised weights (float16, uint8, uint16) become float32.
 * Errors: `GW_IMPORT_FORMAT`, `GW_IMPORT_ASK`, `GW_IMPORT_UNSUPPORTED`, `GW_IMPORT_WEIGHTS`.
 *
 * @example
 * const spec = await readTfLayers(new Map([['model.json', json], ['weights.bin', bytes]]));
 */
export async function readTfLayers(
  files: ReadonlyMap<string, Uint8Array>,
  options: TfLayersOptions = {},
): Promise<ModelSpec> {
  const text = files.get('model.json');
  if (!text)
    return refuse(
      'GW_IMPORT_FORMAT',
      `got ${[...files.keys()].join(', ') || 'no files'}, wanted model.json among them`,
    );
  const json = parseJson(text, 'model.json');
  const model = field(json, 'modelTopology');
  const topology = topologyOf((field(model, 'model_config') ?? model ?? {}) as Json);
  const by = field(model, 'keras_version') ?? field(json, 'generatedBy');
  const dialect = dialectOf(String(by ?? ''), options, topology);
  const weights = await readManifest(field(json, 'weightsManifest'), files);
  const reading = { dialect, weights: sourceOf(weights, topology), notes: [] };
  return describedModel(
    topology,
    reading,
    `tf.layers model.json${by ? `, written by ${String(by).slice(0, 40)}` : ''}`,
  );
}

function dialectOf(by: string, { kerasVersion }: TfLayersOptions, { keras3 }: Topology): Dialect | undefined {
  if (/tfjs-layers/i.test(by)) return 'tf.layers';
  const major = /^(?:keras )?v?(\d+)\./.exec(by)?.[1] ?? kerasVersion;
  if (keras3 || Number(major) === 3) return 'keras-3';
  return major === undefined ? undefined : 'keras-2';
}

interface Spec {
  readonly name: string;
  readonly shape: readonly number[];
  /** Bytes of it in the file. */
  readonly bytes: number;
  readonly json: Json;
}

/** All weights by name. Sizes are checked against the files before anything is decoded. */
async function readManifest(
  manifest: unknown,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<Map<string, Values>> {
  if (!Array.isArray(manifest))
    return refuse('GW_IMPORT_FORMAT', 'model.json: got no weightsManifest; the file is damaged');
  const weights = new Map<string, Values>();
  for (const group of manifest) {
    const bytes = joined(field(group, 'paths'), files);
    const list = field(group, 'weights');
    const specs = (Array.isArray(list) ? list : []).map(specOf);
    const wanted = specs.reduce((n, spec) => n + spec.bytes, 0);
    if (wanted !== bytes.byteLength) {
      refuse(
        'GW_IMPORT_FORMAT',
        `got ${bytes.byteLength} bytes of weights, wanted ${wanted} as weightsManifest says; a file is cut off or of another model`,
      );
    }
    let at = 0;
    for (const spec of specs) {
      if (weights.has(spec.name))
        refuse('GW_IMPORT_FORMAT', `got the weight "${spec.name.slice(0, 80)}" twice, wanted each once`);
      weights.set(spec.name, {
        shape: spec.shape,
        data: await decoded(spec, bytes.slice(at, at + spec.bytes)),
      });
      at += spec.bytes;
    }
  }
  return weights;
}

/** The files of a group, one after the other, as if they were one. */
function joined(paths: unknown, files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const parts = (Array.isArray(paths) ? paths : []).map(
    (path) =>
      files.get(String(path)) ??
      refuse(
        'GW_IMPORT_WEIGHTS',
        `got no file "${String(path).slice(0, 80)}", which model.json names; give it beside model.json`,
      ),
  );
  const bytes = new Uint8Array(parts.reduce((n, part) => n + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.byteLength;
  }
  return bytes;
}

const packed: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  [undefined, 4],
  ['uint8', 1],
  ['uint16', 2],
  ['float16', 2],
]);

function specOf(json: unknown): Spec {
  const [name, shape, dtype] = ['name', 'shape', 'dtype'].map((key) => field(json, key));
  const quantization = field(json, 'quantization');
  const bytes = packed.get(field(quantization, 'dtype'));
  const size =
    Array.isArray(shape) && shape.every((n) => Number.isSafeInteger(n) && n >= 0)
      ? sizeOf(shape)
      : Number.NaN;
  if (
    isObject(json) &&
    typeof name === 'string' &&
    Number.isSafeInteger(size * 4) &&
    dtype === 'float32' &&
    bytes !== undefined
  ) {
    return { name, shape: shape as number[], bytes: size * bytes, json };
  }
  return refuse(
    'GW_IMPORT_FORMAT',
    `weightsManifest: got ${JSON.stringify(json)?.slice(0, 120)}, wanted a name, a shape of whole numbers and the dtype float32`,
  );
}

async function decoded({ json, shape }: Spec, bytes: Uint8Array): Promise<Float32Array> {
  const quantization = field(json, 'quantization');
  if (quantization === undefined)
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  const spec = { name: 'w', shape: [...shape], dtype: 'float32', quantization } as tf.io.WeightsManifestEntry;
  const { w } = tf.io.decodeWeights(bytes.buffer as ArrayBuffer, [spec]);
  try {
    return (await w!.data()) as Float32Array;
  } finally {
    w!.dispose();
  }
}

/** Weights of a layer: those below its name, which may stand below the model's. */
function sourceOf(weights: ReadonlyMap<string, Values>, topology: Topology): WeightSource {
  return ({ name }) => {
    const starts = [`${topology.name}/${name}/`, `${name}/`];
    const start = starts.find((s) => [...weights.keys()].some((key) => key.startsWith(s)));
    if (start === undefined) return new Map();
    const own = [...weights].filter(([key]) => key.startsWith(start));
    return new Map(own.map(([key, values]) => [roleOf(key.slice(start.length)), values]));
  };
}
