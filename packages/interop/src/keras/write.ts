import { strToU8, zipSync } from 'fflate';
import type { Group } from 'h5wasm';
import type { LayerSpec, ModelSpec } from '../model.js';
import { loadHdf5 } from './hdf5.js';
import { groupsOf } from './hdf5-weights.js';
import { isMaskMaker } from './write-checks.js';
import { configOf, outlineOfLayer } from './write-config.js';
import { kerasWeights } from './write-weights.js';

let written = 0;

/**
 * Writes the weights of a description as `.weights.h5`, which `model.load_weights` of Keras 3 reads into a model of the same
 * layers. Errors: `GW_EXPORT_UNSUPPORTED`, by the layer's name.
 *
 * @example
 * await writeFile('model.weights.h5', await writeKerasWeights(describe(model)));
 */
export async function writeKerasWeights(spec: ModelSpec): Promise<Uint8Array> {
  const masked = spec.layers.some(isMaskMaker);
  const outlines = spec.layers.map((layer) => outlineOfLayer(layer, 'keras-3', masked));
  const groups = groupsOf({ layers: outlines });
  const { h5, fs } = await loadHdf5(Number.POSITIVE_INFINITY);
  const path = `/gatewise-out-${written++}.h5`;
  const file = new h5.File(path, 'w');
  try {
    spec.layers.forEach((layer, n) => {
      const at = `layers/${groups.get(layer.name)}`;
      groupAt(file, `${at}/vars`).create_attribute('name', layer.name);
      const weights = kerasWeights(layer);
      const each = outlines[n]!.className === 'Bidirectional' ? weights.length / 2 : weights.length;
      weights.forEach(([role, { shape, data }], k) => {
        const group = groupAt(file, `${at}/${placeOf(layer, role)}`);
        group.create_dataset({ name: `${k % each}`, data, shape: [...shape], dtype: '<f' });
      });
    });
    groupAt(file, 'vars').create_attribute('name', spec.name);
    file.close();
    return fs.readFile(path) as Uint8Array;
  } finally {
    fs.unlink(path);
  }
}

/** The group of a weight within its layer's. */
function placeOf({ kind }: LayerSpec, role: string): string {
  const [direction, leaf] = role.split('/');
  if (kind !== 'recurrent') return 'vars';
  return leaf === undefined ? 'cell/vars' : `${direction}_layer/cell/vars`;
}

/** A group, made where it is not there yet, with all above it. */
function groupAt(file: Group, path: string): Group {
  let group = file;
  for (const name of path.split('/')) {
    const there = group.keys().includes(name);
    group = there ? (group.get(name) as Group) : group.create_group(name);
  }
  return group;
}

/** The earliest time that an archive can hold, and the earliest version that reads this one. */
const ANY_TIME = '1980-01-01T00:00:00';
const VERSION = '3.0.0';

/**
 * Writes a description as a `.keras` archive, which `keras.saving.load_model` of Keras 3 reads: layers and weights.
 * Errors: `GW_EXPORT_UNSUPPORTED`, by the layer's name.
 *
 * @example
 * await writeFile('model.keras', await writeKeras(await describe(model)));
 */
export async function writeKeras(spec: ModelSpec): Promise<Uint8Array> {
  const config = named(configOf(spec, 'keras-3'), 'keras');
  const json = (value: object) => strToU8(JSON.stringify(value));
  return zipSync(
    {
      'metadata.json': json({ keras_version: VERSION, date_saved: ANY_TIME.replace('T', '@') }),
      'config.json': json(config),
      'model.weights.h5': await writeKerasWeights(spec),
    },
    { level: 0, mtime: ANY_TIME },
  );
}

interface KerasObject {
  readonly class_name: string;
  readonly config: object;
}

/** Keras 3 asks of each object which module it is from. */
function named({ class_name, config }: KerasObject, module: string): object {
  const within = Object.entries(config).map(([key, value]) => {
    if (key === 'layers') return [key, (value as KerasObject[]).map((layer) => named(layer, 'keras.layers'))];
    return [key, key === 'layer' ? named(value as KerasObject, 'keras.layers') : value];
  });
  return { module, class_name, config: Object.fromEntries(within), registered_name: null };
}
