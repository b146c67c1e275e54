import { bidirectional, type RecurrentLayer, recurrent, type StackLayer } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { cellOf } from './cells.js';
import { refuseLayer } from './errors.js';
import type { DenseSpec, Direction, LayerSpec, ModelSpec, RecurrentSpec, Values } from './model.js';
import { rowOf, summed } from './values.js';

type Layer = layers.layers.Layer;

/**
 * Makes a tf.layers model of a description: recurrent layers are this project's, everything else is tf.layers' own.
 * It is the caller's to dispose of. Errors: `GW_IMPORT_UNSUPPORTED`, and those of `recurrent`.
 *
 * @example
 * const spec = await readTorch(bytes);
 * const model = build(spec);
 * const y = model.predict(x);
 */
export function build(spec: ModelSpec): layers.LayersModel {
  const { input } = spec;
  const start =
    input.kind === 'ids'
      ? layers.input({ shape: [input.steps], dtype: 'int32' })
      : layers.input({ shape: [input.steps, input.width] });
  let y: layers.SymbolicTensor = start;
  spec.layers.forEach((layer, n) => {
    const weights = weightsOf(layer).map(({ shape, data }) => tf.tensor(data, [...shape], 'float32'));
    try {
      const inputDim = n === 0 && input.kind === 'ids' ? input.size : undefined;
      y = layerOf(layer, { name: layer.name, weights }, inputDim).apply(y) as layers.SymbolicTensor;
    } finally {
      tf.dispose(weights);
    }
  });
  return layers.model({ inputs: start, outputs: y, name: spec.name });
}

interface Args {
  readonly name: string;
  readonly weights: tf.Tensor[];
}

function layerOf(spec: LayerSpec, args: Args, inputDim: number | undefined): Layer {
  switch (spec.kind) {
    case 'recurrent':
      return recurrentOf(spec, inputDim === undefined ? args : { ...args, inputDim });
    case 'dense': {
      const activation = tfActivation(spec);
      return layers.layers.dense({
        ...args,
        units: spec.W.shape[1]!,
        activation,
        useBias: spec.bias !== undefined,
      });
    }
    case 'embedding': {
      const [inputDim, outputDim] = spec.table.shape as [number, number];
      return layers.layers.embedding({ ...args, inputDim, outputDim, maskZero: spec.maskZero });
    }
    case 'masking':
      return layers.layers.masking({ name: spec.name, maskValue: spec.value });
    case 'activation':
      return layers.layers.activation({ name: spec.name, activation: tfActivation(spec) });
    case 'dropout':
      return layers.layers.dropout({ name: spec.name, rate: spec.rate });
  }
}

type TfActivation = NonNullable<Parameters<typeof layers.layers.activation>[0]['activation']>;
const activationNames: Partial<Record<DenseSpec['activation'], TfActivation>> = {
  'hard-sigmoid': 'hardSigmoid',
};

function tfActivation({ name, activation }: Pick<DenseSpec, 'name' | 'activation'>): TfActivation {
  if (activation === 'hard-sigmoid-6') {
    refuseLayer(
      'GW_IMPORT_UNSUPPORTED',
      name,
      'got the activation relu6(x + 3) / 6 of Keras 3 outside a recurrent cell, which tf.layers does not have',
      'wanted another activation; train the layer with one of tanh, sigmoid, relu, linear or softmax',
    );
  }
  return activationNames[activation] ?? (activation as TfActivation);
}

function recurrentOf(spec: RecurrentSpec, args: Args & { inputDim?: number }): RecurrentLayer | StackLayer {
  const [first, second] = spec.directions as [Direction, Direction | undefined];
  const common = {
    ...args,
    cell: cellOf(spec.cell),
    units: spec.units,
    useBias: first.bias !== undefined,
    padding: spec.padding,
    returnSequences: spec.output === 'sequence',
    learnedState: first.initial !== undefined,
  };
  return second
    ? bidirectional({ ...common, merge: spec.merge ?? 'concat' })
    : recurrent({ ...common, reverse: first.reverse });
}

/** The weights of a layer in the order of `getWeights()`. */
function weightsOf(spec: LayerSpec): readonly Values[] {
  switch (spec.kind) {
    case 'recurrent':
      return spec.directions.flatMap((direction) => directionWeights(spec, direction));
    case 'dense':
      return spec.bias ? [spec.W, spec.bias] : [spec.W];
    case 'embedding':
      return [spec.table];
    default:
      return [];
  }
}

/** kernel W, recurrent_kernel R, bias b, vectors, initial states, as the layer has them. */
function directionWeights(spec: RecurrentSpec, direction: Direction): Values[] {
  const { W, R, bias, peepholes, initial } = direction;
  return [
    W,
    R,
    ...(bias ? [biasOf(spec, bias)] : []),
    ...(peepholes ? [0, 1, 2].map((k) => rowOf(peepholes, k)) : []),
    ...Object.entries(initial ?? {}).map(([state, values]) => oneRow(spec.name, state, values)),
  ];
}

/** b [G·H]; of a GRU that resets after the product [4·H]: z and r take the sum, n reads x alone and q the state alone. */
export function biasOf(
  { cell, units: H }: RecurrentSpec,
  { input, recurrent }: NonNullable<Direction['bias']>,
): Values {
  if (cell.kind !== 'gru' || !cell.resetAfter) return summed(input, recurrent);
  const data = new Float32Array(4 * H);
  data.set(summed(input, recurrent).data.subarray(0, 2 * H));
  data.set(input.data.subarray(2 * H), 2 * H);
  if (recurrent) data.set(recurrent.data.subarray(2 * H), 3 * H);
  return { shape: [4 * H], data };
}

/** A layer's own initial state is one row for all sequences. */
export function oneRow(layer: string, state: string, values: Values): Values {
  if (values.shape.length === 1) return values;
  const first = rowOf(values, 0);
  const size = first.data.length;
  if (values.data.every((v, i) => Object.is(v, first.data[i % size]))) return first;
  return refuseLayer(
    'GW_IMPORT_UNSUPPORTED',
    layer,
    `got ${values.shape[0]} different rows for the initial state ${state}, one a sequence of a batch`,
    'wanted one row; remove them from the description and give them in use: apply(x, { initialState })',
  );
}
