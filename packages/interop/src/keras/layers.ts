import { refuseLayer } from '../errors.js';
import type { LayerSpec, ModelSpec } from '../model.js';
import { activationOf } from './activation.js';
import { field } from './json.js';
import { bidirectionalOf, recurrentOf } from './recurrent.js';
import { type Reading, weight } from './source.js';
import { type Outline, outlineOf, type Topology } from './topology.js';

/** Layers that act in training alone. */
const inTraining = [
  'SpatialDropout1D',
  'GaussianDropout',
  'GaussianNoise',
  'AlphaDropout',
  'ActivityRegularization',
];

/** Layers of a config with their weights. Errors: `GW_IMPORT_…`, by the layer's name. */
export function layersOf(topology: Topology, reading: Reading): LayerSpec[] {
  return topology.layers.flatMap((outline) => layerOf(outline, reading));
}

export function layerOf(outline: Outline, reading: Reading): LayerSpec[] {
  const { className, name, config } = outline;
  switch (className) {
    case 'LSTM':
    case 'GRU':
    case 'SimpleRNN':
      return [recurrentOf(outline, reading)];
    case 'Bidirectional':
      return [bidirectionalOf(outline, reading)];
    case 'Dense':
      return [denseOf(outline, outline, reading)];
    case 'TimeDistributed': {
      const inner = outlineOf(field(config, 'layer'));
      if (inner.className !== 'Dense') return notHere(name, `TimeDistributed(${inner.className})`);
      // over the last axis a dense layer is the same at every step
      return [denseOf(outline, inner, reading)];
    }
    case 'Embedding':
      return [embeddingOf(outline, reading)];
    case 'Masking':
      return [{ kind: 'masking', name, value: number(outline, 'mask_value') }];
    case 'Activation':
      return [
        { kind: 'activation', name, activation: activationOf(name, config, 'activation', reading.dialect) },
      ];
    case 'Softmax':
      return [{ kind: 'activation', name, activation: 'softmax' }];
    case 'Dropout':
      return [{ kind: 'dropout', name, rate: number(outline, 'rate') }];
  }
  if (!inTraining.includes(className)) return notHere(name, className);
  reading.notes.push(`${name}: ${className} acts in training alone and is left out`);
  return [];
}

const notHere = (name: string, what: string): never =>
  refuseLayer(
    'GW_IMPORT_UNSUPPORTED',
    name,
    `got a layer of class ${what}, wanted LSTM, GRU, SimpleRNN, Bidirectional, Masking, Embedding, Dense, TimeDistributed(Dense), Activation or Dropout`,
    'cut the model there: save the recurrent part as a model of its own and load the rest with tf.js',
  );

function number({ name, config }: Outline, key: string): number {
  const value = field(config, key);
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  return refuseLayer(
    'GW_IMPORT_FORMAT',
    name,
    `got ${key} = ${String(value)}, wanted a number`,
    'the config is damaged',
  );
}

function denseOf({ name, ...outer }: Outline, { config }: Outline, { weights, dialect }: Reading): LayerSpec {
  const own = weights({ name, ...outer });
  const units = field(config, 'units') as number;
  const W = weight(name, own, 'kernel', [undefined, units]);
  const bias = field(config, 'use_bias') === false ? undefined : weight(name, own, 'bias', [units]);
  return {
    kind: 'dense',
    name,
    W,
    ...(bias && { bias }),
    activation: activationOf(name, config, 'activation', dialect),
  };
}

function embeddingOf(outline: Outline, { weights }: Reading): LayerSpec {
  const { name, config } = outline;
  const shape = [field(config, 'input_dim'), field(config, 'output_dim')] as number[];
  const table = weight(name, weights(outline), 'embeddings', shape);
  return { kind: 'embedding', name, table, maskZero: field(config, 'mask_zero') === true };
}

/** What the first layer reads. */
export function inputOf({ inputShape }: Topology, layers: readonly LayerSpec[]): ModelSpec['input'] {
  const said = inputShape?.[1];
  const steps = typeof said === 'number' && Number.isInteger(said) && said > 0 ? said : null;
  const first = layers.find(({ kind }) => kind === 'embedding' || kind === 'dense' || kind === 'recurrent');
  if (first?.kind === 'embedding') return { kind: 'ids', steps, size: first.table.shape[0]! };
  const W =
    first?.kind === 'dense' ? first.W : first?.kind === 'recurrent' ? first.directions[0]!.W : undefined;
  return { kind: 'features', steps, width: W?.shape[0] ?? Number(inputShape?.at(-1)) };
}
