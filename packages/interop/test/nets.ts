import { bidirectional, recurrent, stack } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs';

const { dense, embedding } = tf.layers;
export const [I, H] = [3, 4];
export const first = { units: H, inputShape: [null, I] as [null, number], returnSequences: true, seed: 1 };

type Nets = Readonly<Record<string, () => tf.layers.Layer[]>>;
const ids = () => embedding({ inputDim: 9, outputDim: I, inputShape: [null] });

/** Layers that ONNX has nodes for, one after the other. */
export const chains: Nets = {
  'vanilla, last output': () => [recurrent({ ...first, cell: 'vanilla', returnSequences: false })],
  'vanilla, last output, dense': () => [
    recurrent({ ...first, cell: 'vanilla', returnSequences: false }),
    dense({ units: 2 }),
  ],
  'lstm, dense, softmax': () => [
    recurrent({ ...first, cell: 'lstm' }),
    dense({ units: 5, activation: 'softmax' }),
  ],
  'gru, in reverse': () => [recurrent({ ...first, cell: 'gru', reverse: true })],
  'gru-reset-after, relu': () => [
    recurrent({ ...first, cell: 'gru-reset-after' }),
    dense({ units: 2, activation: 'relu' }),
  ],
  'gru-reset-after, elu': () => [
    recurrent({ ...first, cell: 'gru-reset-after' }),
    dense({ units: 2, activation: 'elu' }),
  ],
  'both directions': () => [bidirectional({ ...first, cell: 'lstm' }), dense({ units: 2 })],
  'both directions, no bias': () => [
    bidirectional({ ...first, cell: 'lstm' }),
    dense({ units: 2, useBias: false }),
  ],
  'both directions, last outputs': () => [bidirectional({ ...first, cell: 'gru', returnSequences: false })],
  'two levels': () => [stack({ ...first, cell: 'lstm', depth: 2 })],
  'a learned start': () => [recurrent({ ...first, cell: 'lstm', learnedState: true })],
  'an embedding': () => [ids(), recurrent({ cell: 'lstm', units: H, returnSequences: true })],
  'an embedding, dense': () => [
    ids(),
    recurrent({ cell: 'lstm', units: H, returnSequences: true }),
    dense({ units: 9 }),
  ],
};

/** Directions that other nodes put together. */
export const merges: Nets = {
  'both directions, their mean': () => [bidirectional({ ...first, cell: 'gru', merge: 'average' })],
  'both directions, last outputs multiplied': () => [
    bidirectional({ ...first, cell: 'gru', merge: 'product', returnSequences: false }),
  ],
};

/** Random weights, biases too. */
export function modelOf(layers: () => tf.layers.Layer[]): tf.LayersModel {
  const model = tf.sequential({ layers: layers() });
  tf.tidy(() =>
    model.setWeights(model.getWeights().map((w, k) => tf.randomNormal(w.shape, 0, 0.7, 'float32', k))),
  );
  return model;
}
