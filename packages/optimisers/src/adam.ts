import * as tf from '@tensorflow/tfjs-core';
import type { Grouped } from './groups.js';
import { optimizerOf, type RuleOptimizer } from './rule-optimizer.js';

export interface AdamOptions {
  /** η, 1e-3 where absent. */
  readonly learningRate?: number;
  /** β₁, 0.9 where absent. */
  readonly beta1?: number;
  /** β₂, 0.999 where absent. */
  readonly beta2?: number;
  /** ε, 1e-8 where absent. */
  readonly epsilon?: number;
}

/**
 * Adam: m and v are running means of g and g², w ← w − η m̂ / (√v̂ + ε). Errors: `GW_OPTIM_OPTION`.
 * ε comes after the bias correction, βᵗ is exact to float64. Source: Kingma and Ba, 2015.
 *
 * @example await train(model, batches, { optimizer: adam({ learningRate: 2e-3 }), epochs: 3 });
 */
export function adam(options: Grouped<AdamOptions> = {}): RuleOptimizer {
  const defaults = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
  return optimizerOf(options, defaults, {
    name: 'adam',
    slots: ['m', 'v'],
    // a = η / (1 − β₁ᵗ),  c = 1 / √(1 − β₂ᵗ),  γ = 1 − β
    numbers: (t, { learningRate: η, beta1: β1, beta2: β2, epsilon: ε }) => ({
      ...{ a: η / (1 - β1 ** t), c: 1 / Math.sqrt(1 - β2 ** t) },
      ...{ β1, γ1: 1 - β1, β2, γ2: 1 - β2, ε },
    }),
    next(w, g, slots, { a, c, β1, γ1, β2, γ2, ε }) {
      // m ← β₁ m + (1 − β₁) g
      const m = tf.add(tf.mul(slots.m, β1), tf.mul(g, γ1));
      // v ← β₂ v + (1 − β₂) g²
      const v = tf.add(tf.mul(slots.v, β2), tf.mul(tf.square(g), γ2));
      // w ← w − a m / (c √v + ε) = w − η m̂ / (√v̂ + ε)
      return { m, v, w: tf.sub(w, tf.div(tf.mul(m, a), tf.add(tf.mul(tf.sqrt(v), c), ε))) };
    },
  });
}
