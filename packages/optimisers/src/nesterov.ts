import * as tf from '@tensorflow/tfjs-core';
import type { Grouped } from './groups.js';
import type { MomentumOptions } from './momentum.js';
import { optimizerOf, type RuleOptimizer } from './rule-optimizer.js';

/**
 * Momentum that looks ahead: u ← μ u + g, w ← w − η (g + μ u). Errors: `GW_OPTIM_OPTION`.
 * Source: Nesterov, 1983, in the form of Sutskever et al., 2013.
 *
 * @example await train(model, batches, { optimizer: nesterov({ learningRate: 0.1 }), epochs: 3 });
 */
export function nesterov(options: Grouped<MomentumOptions> = {}): RuleOptimizer {
  const defaults = { learningRate: 0.01, momentum: 0.9 };
  return optimizerOf(options, defaults, {
    name: 'nesterov',
    slots: ['u'],
    numbers: (_, { learningRate: η, momentum: μ }) => ({ η, μ }),
    next(w, g, slots, { η, μ }) {
      // u ← μ u + g
      const u = tf.add(tf.mul(slots.u, μ), g);
      // w ← w − η (g + μ u)
      return { u, w: tf.sub(w, tf.mul(tf.add(g, tf.mul(u, μ)), η)) };
    },
  });
}
