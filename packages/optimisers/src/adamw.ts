import * as tf from '@tensorflow/tfjs-core';
import type { AdamOptions } from './adam.js';
import type { Grouped } from './groups.js';
import { optimizerOf, type RuleOptimizer } from './rule-optimizer.js';

export interface AdamwOptions extends AdamOptions {
  /** λ, 0.01 where absent. */
  readonly weightDecay?: number;
}

/**
 * Adam with decoupled weight decay: w ← w − η λ w − η m̂ / (√v̂ + ε). Errors: `GW_OPTIM_OPTION`.
 * Every weight decays, biases too, but for groups that say otherwise. Source: Loshchilov and Hutter, 2019.
 *
 * @example
 * const optimizer = adamw({ learningRate: 2e-3, weightDecay: 0.1, groups: [{ weights: (_, { rank }) => rank < 2, weightDecay: 0 }] });
 * await train(model, batches, { optimizer, epochs: 3 });
 */
export function adamw(options: Grouped<AdamwOptions> = {}): RuleOptimizer {
  const defaults = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };
  return optimizerOf(options, defaults, {
    name: 'adamw',
    slots: ['m', 'v'],
    // a = η / (1 − β₁ᵗ),  c = 1 / √(1 − β₂ᵗ),  γ = 1 − β
    numbers: (t, { learningRate: η, beta1: β1, beta2: β2, epsilon: ε, weightDecay: λ }) => ({
      ...{ a: η / (1 - β1 ** t), c: 1 / Math.sqrt(1 - β2 ** t) },
      ...{ β1, γ1: 1 - β1, β2, γ2: 1 - β2, ε, ηλ: η * λ },
    }),
    next(w, g, slots, { a, c, β1, γ1, β2, γ2, ε, ηλ }) {
      // m ← β₁ m + (1 − β₁) g
      const m = tf.add(tf.mul(slots.m, β1), tf.mul(g, γ1));
      // v ← β₂ v + (1 − β₂) g²
      const v = tf.add(tf.mul(slots.v, β2), tf.mul(tf.square(g), γ2));
      // w ← w − (a m / (c √v + ε) + η λ w)
      const down = tf.div(tf.mul(m, a), tf.add(tf.mul(tf.sqrt(v), c), ε));
      return { m, v, w: tf.sub(w, tf.add(down, tf.mul(w, ηλ))) };
    },
  });
}
