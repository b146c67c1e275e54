import { refuse } from '../errors.js';
import type { ModelSpec, Values } from '../model.js';
import type { Dialect } from './activation.js';
import { isZip, unpack } from './archive.js';
import { type Hdf5, openHdf5 } from './hdf5.js';
import { legacyWeights, storedWeights } from './hdf5-weights.js';
import { field, isObject, type Json, parseJson } from './json.js';
import { inputOf, layersOf } from './layers.js';
import type { WeightSource } from './source.js';
import { type Topology, topologyOf } from './topology.js';

/** What a file of weights does not say. */
export interface KerasOptions {
  /** The model's config, `model.to_json()`: for a file that has weights alone. */
  readonly config?: string | Json;
  /** Which Keras wrote it; asked for where hard_sigmoid depends on it and the file does not say. */
  readonly kerasVersion?: 2 | 3;
  /** Bytes that an archive may unpack to; 1 GiB by default. */
  readonly limit?: number;
}

/**
 * Reads a Keras model: `.keras` (Keras 2.13 to 3), `.h5` (Keras 2 and 3), or `.weights.h5` with `config`. Layers: LSTM, GRU
 * in both forms, SimpleRNN, Bidirectional, Masking, Embedding, Dense, Activation, Dropout, one after the other.
 * Errors: `GW_IMPORT_FORMAT`, `GW_IMPORT_LIMIT`, `GW_IMPORT_ASK`, `GW_IMPORT_UNSUPPORTED`, `GW_IMPORT_WEIGHTS`.
 *
 * @example
 * const spec = await readKeras(new Uint8Array(await file.arrayBuffer()));
 */
export async function readKeras(bytes: Uint8Array, options: KerasOptions = {}): Promise<ModelSpec> {
  return isZip(bytes) ? readArchive(bytes, options) : readHdf5(bytes, options);
}

async function readArchive(bytes: Uint8Array, options: KerasOptions): Promise<ModelSpec> {
  const names = ['config.json', 'metadata.json', 'model.weights.h5'];
  const files = unpack(bytes, names, options.limit ?? 1 << 30);
  const [config, metadata, weights] = names.map((name) => files.get(name));
  if (!config || !weights) {
    return refuse(
      'GW_IMPORT_FORMAT',
      `got an archive without ${config ? 'model.weights.h5' : 'config.json'}, wanted a .keras file`,
    );
  }
  const version = metadata && field(parseJson(metadata, 'metadata.json'), 'keras_version');
  const file = await openHdf5(weights);
  try {
    return modelOf(parseJson(config, 'config.json'), file, 'Keras .keras', version, options);
  } finally {
    file.close();
  }
}

async function readHdf5(bytes: Uint8Array, options: KerasOptions): Promise<ModelSpec> {
  const file = await openHdf5(bytes);
  try {
    const inside = file.texts('', 'model_config')?.[0];
    const config = inside ?? options.config;
    if (config === undefined) {
      return refuse(
        'GW_IMPORT_ASK',
        'got weights without the config of their model; give it with config: the text of model.to_json() in Keras, or save the model as .keras',
      );
    }
    const json = isObject(config) ? config : parseJson(config, 'the config');
    const version = file.texts('', 'keras_version')?.[0];
    return modelOf(json, file, inside === undefined ? 'Keras weights (HDF5)' : 'Keras .h5', version, options);
  } finally {
    file.close();
  }
}

function modelOf(
  config: Json,
  file: Hdf5,
  format: string,
  version: unknown,
  options: KerasOptions,
): ModelSpec {
  const topology = topologyOf(config);
  const notes: string[] = [];
  const floats = (path: string): Values => {
    const { values, changed } = file.floats(path);
    if (changed > 0)
      notes.push(`${path}: ${changed} of ${values.data.length} float64 numbers rounded to float32`);
    return values;
  };
  const weights = weightsOf(file, topology, floats);
  const dialect = dialectOf(version, options, topology);
  const said = typeof version === 'string' ? `, Keras ${version.slice(0, 20)}` : '';
  return describedModel(topology, { dialect, weights, notes }, `${format}${said}`);
}

/** A model of a config and its weights. */
export function describedModel(
  topology: Topology,
  reading: { dialect: Dialect | undefined; weights: WeightSource; notes: string[] },
  format: string,
): ModelSpec {
  const layers = layersOf(topology, reading);
  for (const layer of layers) {
    if (layer.kind === 'recurrent' && layer.cell.kind === 'gru') {
      reading.notes.push(
        `${layer.name}: the update gate is turned round, z here is 1 − z there: signs change, exactly`,
      );
    }
  }
  return {
    name: topology.name,
    format,
    input: inputOf(topology, layers),
    layers,
    outputs: [{ name: 'y', from: 'layer', layer: layers.at(-1)!.name }],
    notes: reading.notes,
  };
}

function weightsOf(file: Hdf5, topology: Topology, floats: (path: string) => Values): WeightSource {
  const root = file.has('model_weights') ? 'model_weights' : '';
  if (file.texts(root, 'layer_names')) return legacyWeights(file, root, floats);
  return storedWeights(file, topology, floats);
}

function dialectOf(
  version: unknown,
  { kerasVersion }: KerasOptions,
  { keras3 }: Topology,
): Dialect | undefined {
  const major = typeof version === 'string' ? Number.parseInt(version, 10) : kerasVersion;
  if (major === 3 || keras3) return 'keras-3';
  return major === 1 || major === 2 ? 'keras-2' : undefined;
}
