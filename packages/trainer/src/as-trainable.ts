import { GatewiseError } from '@gatewise/core';
import type { Trainable } from '@gatewise/plugin';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { isLayersModel, type TrainableOptions, trainable } from './trainable.js';

/** A tf.layers model with its loss, or a Trainable, which brings its own. Errors: `GW_TRAIN_MODEL`, `GW_TRAIN_LOSS`. */
export function asTrainable(
  model: Trainable | LayersModel,
  { loss, classWeights }: TrainableOptions,
): Trainable {
  const given = { ...(loss !== undefined && { loss }), ...(classWeights !== undefined && { classWeights }) };
  if (isLayersModel(model)) return trainable(model, given as TrainableOptions);
  if (typeof model?.loss !== 'function' || typeof model.weights !== 'object') {
    throw new GatewiseError(
      'GW_TRAIN_MODEL',
      `got a ${typeof model} as the model, wanted a tf.layers model, or a Trainable { name, weights, loss(batch, training) }`,
    );
  }
  if (Object.keys(given).length > 0) {
    throw new GatewiseError(
      'GW_TRAIN_LOSS',
      `got ${Object.keys(given).join(' and ')} for "${model.name}", which brings its own, wanted none; give it to trainable() or carried() instead`,
    );
  }
  return model;
}
