import * as tf from '@tensorflow/tfjs-core';
import type { Grouped } from './groups.js';
import { optimizerOf, type RuleOptimizer } from './rule-optimizer.js';

export interface MomentumOptions {
  /** η, 0.01 where absent. */
  readonly learningRate?: number;
  /** μ, 0.9 where absent. */
  readonly momentum?: number;
}

/**
 * Gradient descent with momentum: u ← μ u + g, w ← w − η u. Errors: `GW_OPTIM_OPTION`.
 * Source: Sutskever et al., 2013; u without η in it, as PyTorch and tf.js have it.
 *
 * @example await train(model, batches, { optimizer: momentum({ learningRate: 0.1 }), epochs: 3 });
 */
export function momentum(options: Grouped<MomentumOptions> = {}): RuleOptimizer {
  const defaults = { learningRate: 0.01, momentum: 0.9 };
  return optimizerOf(options, defaults, {
    name: 'momentum',
    slots: ['u'],
    numbers: (_, { learningRate: η, momentum: μ }) => ({ η, μ }),
    next(w, g, slots, { η, μ }) {
      // u ← μ u + g
      const u = tf.add(tf.mul(slots.u, μ), g);
      // w ← w − η u
      return { u, w: tf.sub(w, tf.mul(u, η)) };
    },
  });
}
