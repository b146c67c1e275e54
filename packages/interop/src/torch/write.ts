import { type Entry, entryOf, writeSafetensors } from '@gatewise/safetensors';
import { refuseLayer } from '../errors.js';
import type { Direction, LayerSpec, ModelSpec, RecurrentSpec, Values } from '../model.js';
import { inverse, transposed, withGates } from '../values.js';
import { torchGates } from './gates.js';

/**
 * Writes a description as a PyTorch state_dict in safetensors: `rnn.weight_ih_l0`, `head.weight`, …; layers named `rnn_l0`,
 * `rnn_l1` that are alike become levels of one module `rnn`. Its metadata says how to make each module. A layer's one bias becomes
 * bias_ih, with zeros for bias_hh. Errors: `GW_EXPORT_UNSUPPORTED` by the layer's name.
 *
 * @example
 * const bytes = writeTorch(describe(model));
 */
export function writeTorch(
  spec: ModelSpec,
  { dtype = 'F32' }: { readonly dtype?: 'F64' | 'F32' | 'F16' | 'BF16' } = {},
): Uint8Array {
  const tensors = new Map<string, Entry>();
  const put = (name: string, { shape, data }: Values) => void tensors.set(name, entryOf(dtype, shape, data));
  const places = placesOf(spec);
  for (const layer of spec.layers) putLayer(layer, places, put);
  return writeSafetensors(tensors, { format: 'pt', modules: modulesText(spec, places) });
}

type Put = (name: string, values: Values) => void;

function putLayer(layer: LayerSpec, places: ReadonlyMap<string, Place>, put: Put): void {
  switch (layer.kind) {
    case 'recurrent':
      putRecurrent(layer, places.get(layer.name)!, put);
      break;
    case 'dense':
      put(`${layer.name}.weight`, transposed(layer.W));
      if (layer.bias) put(`${layer.name}.bias`, layer.bias);
      break;
    case 'embedding':
      if (layer.maskZero) noMasks(layer.name);
      put(`${layer.name}.weight`, layer.table);
      break;
    case 'masking':
      noMasks(layer.name);
    // what is left has no weights: the metadata names it
  }
}

const noMasks = (name: string): never =>
  refuseLayer(
    'GW_EXPORT_UNSUPPORTED',
    name,
    'got a layer that makes masks, which a state_dict cannot have',
    'take it out of the description and pack sequences by their lengths in PyTorch, or export the model as ONNX or Keras',
  );

function putRecurrent(layer: RecurrentSpec, [module, level]: Place, put: Put): void {
  check(layer);
  layer.directions.forEach(({ W, R, bias }, d) => {
    const order = inverse(torchGates(layer.cell));
    const at = `l${level}${d === 1 ? '_reverse' : ''}`;
    put(`${module}.weight_ih_${at}`, transposed(withGates(W, order)));
    put(`${module}.weight_hh_${at}`, transposed(withGates(R, order)));
    if (!bias) return;
    put(`${module}.bias_ih_${at}`, withGates(bias.input, order));
    const zeros = { shape: bias.input.shape, data: new Float32Array(bias.input.data.length) };
    put(`${module}.bias_hh_${at}`, bias.recurrent ? withGates(bias.recurrent, order) : zeros);
  });
}

type Place = readonly [module: string, level: number];

/** Where each recurrent layer goes: `rnn_l0`, `rnn_l1` are levels of a module `rnn` where they are alike, else modules of their own. */
function placesOf({ layers }: ModelSpec): ReadonlyMap<string, Place> {
  const recurrent = layers.filter((layer) => layer.kind === 'recurrent');
  const families = new Map<string, RecurrentSpec[]>();
  const named = recurrent.map((layer) => {
    const [, module = layer.name, level = '0'] = /^(.+)_l(\d{1,4})$/s.exec(layer.name) ?? [];
    families.set(module, [...(families.get(module) ?? []), layer]);
    return { layer, module, level: Number(level) };
  });
  const kind = ({ cell, units, directions }: RecurrentSpec) =>
    JSON.stringify([cell, units, directions.length, !directions[0]!.bias]);
  const alike = (family: readonly RecurrentSpec[]) =>
    family.every((layer, l) => kind(layer) === kind(family[0]!) && layer.name.endsWith(`_l${l}`));
  return new Map(
    named.map(({ layer, module, level }) => {
      const family = families.get(module)!;
      return [layer.name, alike(family) && family.length > 1 ? [module, level] : [layer.name, 0]];
    }),
  );
}

/** What nn.RNN, nn.LSTM and nn.GRU cannot compute. */
function check({ name, cell, directions, merge }: RecurrentSpec): void {
  const no = (reason: string, wayOut = 'export the model as ONNX or Keras') =>
    refuseLayer('GW_EXPORT_UNSUPPORTED', name, reason, wayOut);
  if (cell.kind === 'own')
    no(`got the cell "${cell.name}", which PyTorch does not have`, 'save the model with its own save()');
  if (cell.kind === 'gru' && !cell.resetAfter)
    no(
      'got a GRU that resets before the product; nn.GRU resets after it',
      'train with cell "gru-reset-after", or export as ONNX or Keras',
    );
  if (cell.kind === 'lstm' && cell.peepholes)
    no('got peepholes, which nn.LSTM does not have', 'export the model as ONNX');
  const odd = functionsOf(cell).find(([role, f]) => f !== role);
  if (odd) no(`got the activation ${odd[1]}, wanted ${odd[0]}, the only one that PyTorch has there`);
  if (directions.length === 1 && directions[0]!.reverse)
    no(
      'got a layer that runs backward alone; PyTorch has both directions or forward',
      'flip sequences before and after it in PyTorch, or export as ONNX',
    );
  if (merge !== undefined && merge !== 'concat')
    no(`got two directions merged by ${merge}; PyTorch concatenates`);
  if (directions.some(startsElsewhere))
    no(
      'got initial states, which a state_dict does not have',
      'take them out of the description and hand them to the module in PyTorch',
    );
}

/** Each activation of a cell beside the one that PyTorch has in its place. */
function functionsOf(cell: RecurrentSpec['cell']): [wanted: string, got: string][] {
  if (cell.kind === 'own') return [];
  if (cell.kind === 'rnn') return [[cell.activation === 'relu' ? 'relu' : 'tanh', cell.activation]];
  const both: [string, string][] = [
    ['sigmoid', cell.gates],
    ['tanh', cell.activation],
  ];
  return cell.kind === 'lstm' ? [...both, ['tanh', cell.output]] : both;
}

const startsElsewhere = ({ initial }: Direction) =>
  Object.values(initial ?? {}).some(({ data }) => data.some((v) => v !== 0));

/** How to make the modules in Python, a line each. */
function modulesText({ layers }: ModelSpec, places: ReadonlyMap<string, Place>): string {
  const levels = new Map<string, RecurrentSpec[]>();
  const lines: (string | (() => string))[] = [];
  for (const layer of layers) {
    const { kind, name } = layer;
    if (kind === 'dense') {
      const [m, n] = layer.W.shape;
      lines.push(
        `${name} = nn.Linear(${m}, ${n}${layer.bias ? '' : ', bias=False'})  # then ${layer.activation}`,
      );
    } else if (kind === 'embedding') lines.push(`${name} = nn.Embedding(${layer.table.shape.join(', ')})`);
    else if (kind === 'dropout') lines.push(`${name} = nn.Dropout(${layer.rate})`);
    else if (kind === 'recurrent') {
      const [module] = places.get(name)!;
      const known = levels.get(module);
      levels.set(module, [...(known ?? []), layer]);
      if (!known) lines.push(() => recurrentText(module, levels.get(module)!));
    }
  }
  return lines.map((line) => (typeof line === 'string' ? line : line())).join('\n');
}

function recurrentText(module: string, levels: readonly RecurrentSpec[]): string {
  const { cell, units, directions } = levels[0]!;
  const options = [
    directions[0]!.W.shape[0],
    units,
    ...(levels.length > 1 ? [`num_layers=${levels.length}`] : []),
    ...(directions.length > 1 ? ['bidirectional=True'] : []),
    ...(directions[0]!.bias ? [] : ['bias=False']),
    ...(cell.kind === 'rnn' && cell.activation === 'relu' ? ["nonlinearity='relu'"] : []),
    'batch_first=True',
  ];
  return `${module} = nn.${cell.kind.toUpperCase()}(${options.join(', ')})`;
}
