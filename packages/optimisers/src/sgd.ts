import * as tf from '@tensorflow/tfjs-core';
import { readOptions } from './options.js';
import { optimizerOf, type RuleOptimizer } from './rule-optimizer.js';

export interface SgdOptions {
  /** η, 0.01 where absent. */
  readonly learningRate?: number;
}

/**
 * Stochastic gradient descent: w ← w − η g. Errors: `GW_OPTIM_OPTION`.
 *
 * @example await train(model, batches, { optimizer: sgd({ learningRate: 0.1 }), epochs: 3 });
 */
export function sgd(options: SgdOptions = {}): RuleOptimizer {
  const config = readOptions('sgd', options, { learningRate: 0.01 });
  return optimizerOf(config, {
    name: 'sgd',
    slots: [],
    numbers: (_, η) => ({ η }),
    next(w, g, _, { η }) {
      // w ← w − η g
      return { w: tf.sub(w, tf.mul(g, η)) };
    },
  });
}
