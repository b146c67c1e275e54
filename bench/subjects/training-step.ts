import { recurrent } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { trainable } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { type Case, CLASSES } from '../cases.js';
import type { Data, Prepared } from './data.js';
import { ownCells } from './own-cells.js';

/** A recurrent layer, a dense head at every step, softmax cross-entropy, Adam: as the trainer does it. */
export async function trainingStep({ cell, T, I, H }: Case, data: Data): Promise<Prepared> {
  const layer = recurrent({ cell: ownCells[cell], units: H, inputShape: [T, I], returnSequences: true });
  const model = sequential({ layers: [layer, layers.dense({ units: CLASSES })] });
  const given = ['W', 'R', 'b', 'V', 'bV'].map((name) => tf.tensor(data.array(name), data.shape(name)));
  model.setWeights(given);
  tf.dispose(given);
  const network = trainable(model, { loss: 'softmaxCrossEntropy' });
  const optimizer = adam({ learningRate: 1e-3 });
  const x = tf.tensor(data.array('x'), data.shape('x'));
  const y = tf.tensor(Int32Array.from(data.array('ids')), data.shape('ids'), 'int32');
  const weights = Object.values(network.weights);
  const step = (): tf.Scalar => {
    const { value, grads } = tf.variableGrads(() => network.loss({ x, y }, true), weights);
    optimizer.applyGradients(grads as Record<string, tf.Variable>);
    tf.dispose(grads);
    return value;
  };
  const result = new Float32Array(2);
  for (let k = 0; k < result.length; k++) {
    const loss = step();
    result[k] = (await loss.data())[0]!;
    loss.dispose();
  }
  return { result, run: () => step().dispose() };
}
