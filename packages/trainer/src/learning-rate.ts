import { GatewiseError } from '@gatewise/core';
import type { Optimizer } from '@tensorflow/tfjs-core';

/**
 * Sets the learning rate: tf.js' SGD and momentum have a setter (they keep −η on the device), its others and those of
 * @gatewise/optimisers read a field at every update. Errors: `GW_TRAIN_LEARNING_RATE` for an optimizer with neither.
 */
export function setLearningRate(optimizer: Optimizer, rate: number): void {
  const target = optimizer as unknown as { learningRate?: unknown; setLearningRate?: (rate: number) => void };
  if (target.learningRate === rate) return;
  if (typeof target.setLearningRate === 'function') target.setLearningRate(rate);
  else if (typeof target.learningRate === 'number') target.learningRate = rate;
  else {
    throw new GatewiseError(
      'GW_TRAIN_LEARNING_RATE',
      `got an optimizer ${optimizer.getClassName()} without a learning rate to set, wanted a field learningRate or a ` +
        'method setLearningRate; drop the plugin that provides the rate, or use one of @gatewise/optimisers',
    );
  }
}
