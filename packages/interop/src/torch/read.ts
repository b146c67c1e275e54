import { plainActivations } from '../activations.js';
import { refuse, refuseLayer } from '../errors.js';
import type {
  Activation,
  CellSpec,
  Direction,
  LayerSpec,
  ModelSpec,
  OutputSpec,
  RecurrentSpec,
} from '../model.js';
import { sumsExactly, transposed, withGates } from '../values.js';
import { torchGates } from './gates.js';
import { modulesOf, type TorchDirection, type TorchModule } from './modules.js';
import { orderOf, type Step } from './order.js';
import { readTensors } from './tensors.js';

/** What a state_dict does not say. */
export interface TorchOptions {
  /** What nn.RNN applies; asked for where the file has one. */
  readonly nonlinearity?: 'tanh' | 'relu';
  /** Modules as they run; asked for where widths allow several orders. */
  readonly order?: readonly string[];
  /** The modules that are embeddings; asked for where a matrix without a bias could be a linear layer. */
  readonly embeddings?: readonly string[];
  /** What follows a linear module, by its name; asked for where it is not the last. */
  readonly activations?: Readonly<Record<string, Activation>>;
  /** What a module after the recurrent ones reads: every step (default), or their final states. */
  readonly head?: 'every-step' | 'final-state';
  readonly name?: string;
}

/**
 * Reads a PyTorch state_dict in safetensors: nn.RNN, nn.LSTM, nn.GRU (stacked, in both directions, with or without
 * biases), nn.Linear and nn.Embedding, of f64, f32, f16 or bf16.
 * Errors: `GW_SAFETENSORS_…`, `GW_IMPORT_ASK`, `GW_IMPORT_WEIGHTS`, `GW_IMPORT_UNSUPPORTED`.
 *
 * @example
 * const spec = readTorch(bytes, { nonlinearity: 'tanh' });
 */
export function readTorch(file: Uint8Array, options: TorchOptions = {}): ModelSpec {
  const { byName, notes } = readTensors(file);
  const modules = modulesOf(byName);
  if (!modules.some(({ kind }) => kind === 'recurrent')) {
    refuse(
      'GW_IMPORT_UNSUPPORTED',
      'got no nn.RNN, nn.LSTM or nn.GRU in the file, wanted at least one; load other nets with tf.js itself',
    );
  }
  const steps = orderOf(modules, options);
  const layers = steps.flatMap((step, n) =>
    layersOf(step, n === steps.length - 1, steps.slice(n + 1), options),
  );
  return {
    name: options.name ?? 'torch',
    format: 'PyTorch state_dict (safetensors)',
    input: inputOf(steps[0]!),
    layers,
    outputs: outputsOf(layers),
    notes: [...notes, ...layers.flatMap(notesOf)],
  };
}

function inputOf({ module, as, reads }: Step): ModelSpec['input'] {
  if (module.kind === 'matrix' && as === 'embedding')
    return { kind: 'ids', steps: null, size: module.weight.shape[0]! };
  return { kind: 'features', steps: null, width: reads as number };
}

function layersOf(
  { module, as }: Step,
  last: boolean,
  after: readonly Step[],
  options: TorchOptions,
): LayerSpec[] {
  if (module.kind === 'recurrent') {
    const top = !after.some((step) => step.as === 'recurrent');
    return recurrentLayers(module, options, top && after.length > 0 && options.head === 'final-state');
  }
  const { name, weight, bias } = module;
  if (as === 'embedding') return [{ kind: 'embedding', name, table: weight, maskZero: false }];
  const activation = options.activations?.[name] ?? (last ? 'linear' : undefined);
  if (activation === undefined) {
    return refuseLayer(
      'GW_IMPORT_ASK',
      name,
      'got a linear module that is not the last, and a state_dict does not say what follows it',
      `say it with activations: { "${name}": 'relu' }, or 'linear' for nothing`,
    );
  }
  if (!plainActivations.includes(activation)) {
    const wanted = plainActivations.join(', ');
    refuseLayer('GW_IMPORT_ASK', name, `got activations: ${String(activation)}`, `wanted one of ${wanted}`);
  }
  return [{ kind: 'dense', name, W: transposed(weight), ...(bias && { bias }), activation }];
}

function recurrentLayers(
  module: Extract<TorchModule, { kind: 'recurrent' }>,
  options: TorchOptions,
  finalState: boolean,
): RecurrentSpec[] {
  const { levels, units } = module;
  const cell = cellOf(module, options);
  return levels.map((directions, l) => ({
    kind: 'recurrent',
    name: levels.length > 1 ? `${module.name || 'rnn'}_l${l}` : module.name || 'rnn',
    cell,
    units,
    directions: directions.map((direction, d) => directionOf(direction, cell, d === 1)),
    ...(directions.length > 1 && { merge: 'concat' as const }),
    output: finalState && l === levels.length - 1 ? 'last' : 'sequence',
    padding: 'zeros',
  }));
}

function cellOf(
  { name, gates }: Extract<TorchModule, { kind: 'recurrent' }>,
  { nonlinearity }: TorchOptions,
): CellSpec {
  if (gates === 4)
    return { kind: 'lstm', gates: 'sigmoid', activation: 'tanh', output: 'tanh', peepholes: false };
  if (gates === 3) return { kind: 'gru', resetAfter: true, gates: 'sigmoid', activation: 'tanh' };
  if (nonlinearity === 'tanh' || nonlinearity === 'relu') return { kind: 'rnn', activation: nonlinearity };
  return refuseLayer(
    'GW_IMPORT_ASK',
    name,
    'got an nn.RNN, and a state_dict does not say its nonlinearity',
    "say it with nonlinearity: 'tanh' (PyTorch's default) or 'relu'",
  );
}

function directionOf({ W, R, bias }: TorchDirection, cell: CellSpec, reverse: boolean): Direction {
  const order = torchGates(cell);
  return {
    reverse,
    W: withGates(transposed(W), order),
    R: withGates(transposed(R), order),
    ...(bias && { bias: { input: withGates(bias[0], order), recurrent: withGates(bias[1], order) } }),
  };
}

/** y of the last recurrent level, what the last module gives, and the final states as PyTorch has them. */
function outputsOf(layers: readonly LayerSpec[]): OutputSpec[] {
  const recurrent = layers.filter((layer) => layer.kind === 'recurrent');
  const top = recurrent.at(-1)!;
  const names = recurrent.map(({ name }) => name);
  const last = layers.at(-1)!;
  return [
    { name: 'y', from: 'layer', layer: top.name },
    ...(last === top ? [] : [{ name: 'logits', from: 'layer', layer: last.name } as const]),
    { name: 'h_n', from: 'state', layers: names, state: 'h' },
    ...(top.cell.kind === 'lstm' ? [{ name: 'c_n', from: 'state', layers: names, state: 'c' } as const] : []),
  ];
}

function notesOf(layer: LayerSpec): string[] {
  if (layer.kind !== 'recurrent') return [];
  const { cell, name, directions } = layer;
  const pairs = directions.flatMap(({ bias }) =>
    bias?.recurrent ? [[bias.input, bias.recurrent] as const] : [],
  );
  const exact = pairs.every(([bx, bh]) => sumsExactly(bx, bh));
  return [
    ...(cell.kind === 'gru'
      ? [`${name}: the update gate is turned round, z here is 1 − z there: signs change, exactly`]
      : []),
    ...(pairs.length > 0
      ? [
          `${name}: a layer has b_ih + b_hh ${exact ? ', which is exact' : 'rounded once to float32'}; the description keeps both`.replace(
            ' ,',
            ',',
          ),
        ]
      : []),
  ];
}
