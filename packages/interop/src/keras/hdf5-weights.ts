import { refuse, refuseLayer } from '../errors.js';
import type { Values } from '../model.js';
import type { Hdf5 } from './hdf5.js';
import { field } from './json.js';
import { roleOf, type WeightSource } from './source.js';
import { type Outline, outlineOf, type Topology } from './topology.js';

type Floats = (path: string) => Values;

/** The layout of `.h5` files: a group a layer, which names its weights. */
export function legacyWeights(file: Hdf5, root: string, floats: Floats): WeightSource {
  return ({ name }) => {
    const group = root === '' ? name : `${root}/${name}`;
    const names = file.has(group) ? listOf(file, group, 'weight_names') : [];
    const byRole = new Map<string, Values>();
    for (const path of names) {
      const role = roleOf(path);
      if (byRole.has(role)) {
        refuseLayer(
          'GW_IMPORT_WEIGHTS',
          name,
          `got two weights "${role}"`,
          'save the model again, each layer with a name of its own',
        );
      }
      byRole.set(role, floats(`${group}/${path}`));
    }
    return byRole;
  };
}

/** A list of texts that is one attribute, or several with a number when it is long. */
function listOf(file: Hdf5, group: string, attribute: string): string[] {
  const whole = file.texts(group, attribute);
  if (whole) return whole;
  const all: string[] = [];
  for (let n = 0; ; n++) {
    const part = file.texts(group, `${attribute}${n}`);
    if (!part) return all;
    all.push(...part);
  }
}

/** Weights by their number, in the order in which each class makes them. */
const roles: Readonly<Record<string, readonly string[]>> = {
  LSTM: ['kernel', 'recurrent_kernel', 'bias'],
  GRU: ['kernel', 'recurrent_kernel', 'bias'],
  SimpleRNN: ['kernel', 'recurrent_kernel', 'bias'],
  Dense: ['kernel', 'bias'],
  Embedding: ['embeddings'],
};

/** Groups of a layer that hold weights, and the class that made them. */
function partsOf({ className, config }: Outline): { at: string; role: string; className: string }[] {
  const cell = (at: string, role: string, inner: string) => [
    { at: `${at}cell/vars`, role, className: inner },
  ];
  switch (className) {
    case 'Bidirectional': {
      const inner = outlineOf(field(config, 'layer')).className;
      return [...cell('forward_layer/', 'forward/', inner), ...cell('backward_layer/', 'backward/', inner)];
    }
    case 'TimeDistributed':
      return [{ at: 'layer/vars', role: '', className: outlineOf(field(config, 'layer')).className }];
    case 'LSTM':
    case 'GRU':
    case 'SimpleRNN':
      return cell('', '', className);
    default:
      return [{ at: 'vars', role: '', className }];
  }
}

/**
 * The layout of `.weights.h5`: groups named by class and count, weights by number. A group says the name of its layer since
 * Keras 3.7; where it does and says another, the file is of another model.
 */
export function storedWeights(file: Hdf5, topology: Topology, floats: Floats): WeightSource {
  const root = ['layers', '_layer_checkpoint_dependencies'].find((group) => file.has(group));
  if (root === undefined)
    return refuse(
      'GW_IMPORT_FORMAT',
      'got HDF5 without layer_names and without layers, wanted a file that Keras wrote',
    );
  const groups = groupsOf(topology);
  return (layer) => {
    const group = `${root}/${groups.get(layer.name)}`;
    const said = file.has(`${group}/vars`) ? file.texts(`${group}/vars`, 'name')?.[0] : undefined;
    if (said !== undefined && said !== layer.name) {
      refuseLayer(
        'GW_IMPORT_WEIGHTS',
        layer.name,
        `got the weights of "${said}" in its place (${group})`,
        'give the config of the same model',
      );
    }
    return new Map(
      partsOf(layer).flatMap(({ at, role, className }) =>
        (roles[className] ?? [])
          .map((name, n) => [`${role}${name}`, `${group}/${at}/${n}`] as const)
          .filter(([, path]) => file.has(path))
          .map(([name, path]) => [name, floats(path)] as const),
      ),
    );
  };
}

/** The group of every layer: its class in snake case, with a number from the second on. */
export function groupsOf({ layers }: Pick<Topology, 'layers'>): ReadonlyMap<string, string> {
  const counts = new Map<string, number>();
  return new Map(
    layers.map(({ className, name }) => {
      const base = snakeCase(className);
      const count = counts.get(base) ?? 0;
      counts.set(base, count + 1);
      return [name, count === 0 ? base : `${base}_${count}`];
    }),
  );
}

/** SimpleRNN → simple_rnn */
const snakeCase = (name: string): string =>
  name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
