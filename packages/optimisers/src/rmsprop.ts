import * as tf from '@tensorflow/tfjs-core';
import type { Grouped } from './groups.js';
import { optimizerOf, type RuleOptimizer } from './rule-optimizer.js';

export interface RmspropOptions {
  /** η, 0.01 where absent. */
  readonly learningRate?: number;
  /** α, 0.99 where absent. */
  readonly decay?: number;
  /** ε, 1e-8 where absent. */
  readonly epsilon?: number;
}

/**
 * RMSprop: v ← α v + (1 − α) g², w ← w − η g / (√v + ε). Errors: `GW_OPTIM_OPTION`.
 * PyTorch's rule; tf.js has ε inside the root. Source: Tieleman and Hinton, 2012.
 *
 * @example await train(model, batches, { optimizer: rmsprop({ learningRate: 1e-3 }), epochs: 3 });
 */
export function rmsprop(options: Grouped<RmspropOptions> = {}): RuleOptimizer {
  const defaults = { learningRate: 0.01, decay: 0.99, epsilon: 1e-8 };
  return optimizerOf(options, defaults, {
    name: 'rmsprop',
    slots: ['v'],
    // γ = 1 − α
    numbers: (_, { learningRate: η, decay: α, epsilon: ε }) => ({ η, α, γ: 1 - α, ε }),
    next(w, g, slots, { η, α, γ, ε }) {
      // v ← α v + (1 − α) g²
      const v = tf.add(tf.mul(slots.v, α), tf.mul(tf.square(g), γ));
      // w ← w − η g / (√v + ε)
      return { v, w: tf.sub(w, tf.div(tf.mul(g, η), tf.add(tf.sqrt(v), ε))) };
    },
  });
}
