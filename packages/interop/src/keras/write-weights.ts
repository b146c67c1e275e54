import type { Direction, LayerSpec, RecurrentSpec, Values } from '../model.js';
import { inverse, stacked, summed, withGates } from '../values.js';
import { kerasGates } from './gates.js';

/** Weights of a layer as Keras and tf.layers have them, by role, in their order. */
export function kerasWeights(layer: LayerSpec): [role: string, values: Values][] {
  switch (layer.kind) {
    case 'recurrent': {
      const ends = layer.directions.length === 2 ? ['forward/', 'backward/'] : [''];
      return layer.directions.flatMap((direction, d) => directionWeights(layer, direction, ends[d]!));
    }
    case 'dense':
      return [['kernel', layer.W], ...(layer.bias ? [['bias', layer.bias] as [string, Values]] : [])];
    case 'embedding':
      return [['embeddings', layer.table]];
    default:
      return [];
  }
}

function directionWeights(
  { cell }: RecurrentSpec,
  { W, R, bias }: Direction,
  at: string,
): [string, Values][] {
  const order = inverse(kerasGates(cell));
  const weights: [string, Values][] = [
    [`${at}kernel`, withGates(W, order)],
    [`${at}recurrent_kernel`, withGates(R, order)],
  ];
  if (!bias) return weights;
  const { input, recurrent } = bias;
  const two = cell.kind === 'gru' && cell.resetAfter;
  const none = { shape: input.shape, data: new Float32Array(input.data.length) };
  const b = two ? stacked([input, recurrent ?? none]) : summed(input, recurrent);
  return [...weights, [`${at}bias`, withGates(b, order)]];
}
