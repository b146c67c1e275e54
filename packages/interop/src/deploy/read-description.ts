import { cellNames } from '@gatewise/core';
import { findCell } from '@gatewise/layers';
import { activations } from '../activations.js';
import { refuse } from '../errors.js';
import { field, isObject, type Json } from '../keras/json.js';
import type {
  CellActivation,
  CellSpec,
  Direction,
  LayerSpec,
  ModelSpec,
  OutputSpec,
  RecurrentSpec,
  Values,
} from '../model.js';
import { transposed } from '../values.js';

type Tensors = ReadonlyMap<string, Values>;

const wrong = (at: string, got: unknown, wanted: string): never =>
  refuse(
    'GW_IMPORT_FORMAT',
    `description, ${at}: got ${String(JSON.stringify(got)).slice(0, 80)}, wanted ${wanted}; the file is damaged`,
  );
const text = (from: Json, key: string): string => {
  const v = field(from, key);
  return typeof v === 'string' ? v : wrong(key, v, 'a text');
};
const flag = (from: Json, key: string): boolean => {
  const v = field(from, key);
  return typeof v === 'boolean' ? v : wrong(key, v, 'true or false');
};
const number = (from: Json, key: string, fits: (v: number) => boolean = Number.isFinite): number => {
  const v = field(from, key);
  return typeof v === 'number' && fits(v) ? v : wrong(key, v, 'a number that fits');
};
const whole = (v: number) => Number.isSafeInteger(v) && v > 0;
const oneOf = <T extends string>(from: Json, key: string, words: readonly T[]): T => {
  const v = field(from, key);
  return words.find((word) => word === v) ?? wrong(key, v, `one of ${words.join(', ')}`);
};
function list<T>(from: Json, key: string, read: (item: Json, n: number) => T): T[] {
  const v = field(from, key);
  if (!Array.isArray(v)) return wrong(key, v, 'a list');
  return v.map((item, n) => (isObject(item) ? read(item, n) : wrong(`${key}.${n}`, item, 'an object')));
}
function texts(from: Json, key: string): string[] {
  const v = field(from, key);
  return Array.isArray(v) && v.every((item) => typeof item === 'string')
    ? v
    : wrong(key, v, 'a list of texts');
}

/** A description out of JSON, with the weights that stand beside it. Errors: `GW_IMPORT_FORMAT`, `GW_IMPORT_WEIGHTS`. */
export function readDescription(json: Json, tensors: Tensors): ModelSpec {
  const input = inputOf(json);
  let width = input.kind === 'ids' ? input.size : input.width;
  const layers = list(json, 'layers', (item, l) => {
    const [layer, after] = layerOf(item, { tensors, path: `layers.${l}`, width });
    width = after;
    return layer;
  });
  const names = layers.map(({ name }) => name);
  if (names.length === 0 || new Set(names).size < names.length)
    wrong('layers', names, 'at least one, each name once');
  const outputs = list(json, 'outputs', (item) => outputOf(item, layers));
  const [name, format] = [text(json, 'name'), text(json, 'format')];
  return { name, format, input, layers, outputs, notes: texts(json, 'notes') };
}

function inputOf(json: Json): ModelSpec['input'] {
  const input = field(json, 'input');
  if (!isObject(input)) return wrong('input', input, 'an object');
  const steps = field(input, 'steps') === null ? null : number(input, 'steps', whole);
  const kind = oneOf(input, 'kind', ['features', 'ids']);
  return kind === 'ids'
    ? { kind, steps, size: number(input, 'size', whole) }
    : { kind, steps, width: number(input, 'width', whole) };
}

function outputOf(item: Json, layers: readonly LayerSpec[]): OutputSpec {
  const name = text(item, 'name');
  const names = layers.map((layer) => layer.name);
  if (oneOf(item, 'from', ['layer', 'state']) === 'layer')
    return { name, from: 'layer', layer: oneOf(item, 'layer', names) };
  const recurrent = layers.flatMap((layer) => (layer.kind === 'recurrent' ? [layer.name] : []));
  const own = texts(item, 'layers');
  if (!own.every((layer) => recurrent.includes(layer))) wrong('outputs', own, 'names of recurrent layers');
  return { name, from: 'state', layers: own, state: text(item, 'state') };
}

interface Place {
  readonly tensors: Tensors;
  readonly path: string;
  /** Of what comes in. */
  readonly width: number;
}

const allActivations = [
  ...(Object.keys(activations) as CellActivation[]),
  ...(['softmax', 'elu', 'selu', 'softplus', 'softsign', 'swish', 'gelu'] as const),
];

function layerOf(item: Json, place: Place): [LayerSpec, width: number] {
  const name = text(item, 'name');
  const { width } = place;
  const kind = oneOf(item, 'kind', ['recurrent', 'dense', 'embedding', 'masking', 'activation', 'dropout']);
  switch (kind) {
    case 'recurrent':
      return recurrentOf(item, name, place);
    case 'dense': {
      const W = transposed(tensor(place, 'W', [null, width]));
      const units = W.shape[1]!;
      const activation = oneOf(item, 'activation', allActivations);
      const bias = maybe(place, 'bias', [units]);
      return [{ kind, name, W, ...(bias && { bias }), activation }, units];
    }
    case 'embedding': {
      const table = tensor(place, 'table', [null, null]);
      return [{ kind, name, table, maskZero: flag(item, 'maskZero') }, table.shape[1]!];
    }
    case 'masking':
      return [{ kind, name, value: number(item, 'value') }, width];
    case 'activation':
      return [{ kind, name, activation: oneOf(item, 'activation', allActivations) }, width];
    case 'dropout':
      return [{ kind, name, rate: number(item, 'rate', (v) => v >= 0 && v < 1) }, width];
  }
}

function recurrentOf(item: Json, name: string, place: Place): [RecurrentSpec, width: number] {
  const json = field(item, 'cell');
  const cell = isObject(json) ? cellOf(json) : wrong('cell', json, 'an object');
  const units = number(item, 'units', whole);
  const directions = list(item, 'directions', (direction, d) =>
    directionOf(direction, sizesOf(cell), units, { ...place, path: `${place.path}.directions.${d}` }),
  );
  if (directions.length < 1 || directions.length > 2) wrong('directions', directions.length, 'one or two');
  const merge =
    field(item, 'merge') === undefined
      ? undefined
      : oneOf(item, 'merge', ['concat', 'sum', 'average', 'product']);
  const output = oneOf(item, 'output', ['sequence', 'last']);
  const padding = oneOf(item, 'padding', ['zeros', 'hold']);
  const spec = { kind: 'recurrent', name, cell, units, directions, output, padding } as const;
  const twice = directions.length === 2 && (merge ?? 'concat') === 'concat';
  return [merge ? { ...spec, merge } : spec, twice ? 2 * units : units];
}

function cellOf(json: Json): CellSpec {
  const own = (key: string) => oneOf(json, key, Object.keys(activations) as CellActivation[]);
  const kind = oneOf(json, 'kind', ['rnn', 'lstm', 'gru', 'own']);
  if (kind === 'own') return { kind, name: text(json, 'name') };
  const activation = own('activation');
  if (kind === 'rnn') return { kind, activation };
  if (kind === 'gru') return { kind, resetAfter: flag(json, 'resetAfter'), gates: own('gates'), activation };
  return { kind, gates: own('gates'), activation, output: own('output'), peepholes: flag(json, 'peepholes') };
}

/** Blocks of H rows or numbers: what reads x, what reads h, biases, vectors; and the states. */
function sizesOf(cell: CellSpec) {
  if (cell.kind === 'own') {
    const { input, recurrent, gates, vectors, state } = cellNames(findCell(cell.name));
    return { W: input.length, R: recurrent.length, bias: gates.length, vectors: vectors.length, state };
  }
  const G = { rnn: 1, gru: 3, lstm: 4 }[cell.kind];
  const vectors = cell.kind === 'lstm' && cell.peepholes ? 3 : 0;
  return { W: G, R: G, bias: G, vectors, state: cell.kind === 'lstm' ? ['h', 'c'] : ['h'] };
}

function directionOf(json: Json, sizes: ReturnType<typeof sizesOf>, H: number, place: Place): Direction {
  const input = maybe(place, 'bias.input', [sizes.bias * H]);
  const recurrent = input && maybe(place, 'bias.recurrent', [sizes.bias * H]);
  const initial = sizes.state.flatMap((state) => {
    const values = maybe(place, `initial.${state}`, [H], [null, H]);
    return values ? [[state, values] as const] : [];
  });
  return {
    reverse: flag(json, 'reverse'),
    W: transposed(tensor(place, 'W', [sizes.W * H, place.width])),
    R: transposed(tensor(place, 'R', [sizes.R * H, H])),
    ...(input && { bias: { input, ...(recurrent && { recurrent }) } }),
    ...(sizes.vectors > 0 && { peepholes: tensor(place, 'peepholes', [sizes.vectors, H]) }),
    ...(initial.length > 0 && { initial: Object.fromEntries(initial) }),
  };
}

type Shape = readonly (number | null)[];
const fits = (shape: readonly number[], wanted: Shape) =>
  shape.length === wanted.length && wanted.every((n, axis) => n === null || n === shape[axis]);

function maybe({ tensors, path }: Place, role: string, ...shapes: readonly Shape[]): Values | undefined {
  const values = tensors.get(`${path}.${role}`);
  if (!values || shapes.some((shape) => fits(values.shape, shape))) return values;
  return refuse(
    'GW_IMPORT_WEIGHTS',
    `tensor "${path}.${role}": got the shape [${values.shape}], wanted [${shapes[0]!.map((n) => n ?? 'any')}]; the file is damaged`,
  );
}

function tensor(place: Place, role: string, shape: Shape): Values {
  const values = maybe(place, role, shape);
  return (
    values ?? refuse('GW_IMPORT_WEIGHTS', `tensor "${place.path}.${role}" is not there; the file is damaged`)
  );
}
