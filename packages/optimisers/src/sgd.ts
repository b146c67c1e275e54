import * as tf from '@tensorflow/tfjs-core';
import type { Grouped } from './groups.js';
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
export function sgd(options: Grouped<SgdOptions> = {}): RuleOptimizer {
  const defaults = { learningRate: 0.01 };
  return optimizerOf(options, defaults, {
    name: 'sgd',
    slots: [],
    numbers: (_, { learningRate: η }) => ({ η }),
    next(w, g, _, { η }) {
      // w ← w − η g
      return { w: tf.sub(w, tf.mul(g, η)) };
    },
  });
}
