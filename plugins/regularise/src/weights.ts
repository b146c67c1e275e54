import { type BatchContext, definePlugin, type Gradients } from '@gatewise/plugin';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { checkedRate, chosenBy, type Names } from './options.js';

export interface WeightOptions {
  /** λ, above 0. */
  readonly rate: number;
  /** The weights it works on, by name or by question; those of two axes or more when absent: not biases. */
  readonly weights?: Names | undefined;
}

/** g ← g + λ·dΩ/dw, which is what the loss + λΩ(w) would give, in one pass. */
const pulled = (name: string, slope: (w: Tensor, λ: number) => Tensor) =>
  definePlugin(name, ({ rate, weights }: WeightOptions) => ({
    // clipping comes after
    order: 'pre' as const,
    transformGradients(gradients: Gradients, ctx: BatchContext) {
      const entries = Object.entries(gradients).map(([key, g]) => {
        const w = ctx.weights[key] as Tensor;
        const isChosen = weights === undefined ? w.rank >= 2 : chosenBy(weights, key);
        return [key, isChosen ? tf.add(g, slope(w, rate)) : g];
      });
      return Object.fromEntries(entries) as Gradients;
    },
  }));

// dΣ|w|/dw = sign(w)
const pulledL1 = pulled('l1', (w, λ) => tf.mul(tf.sign(w), λ));
// dΣw²/dw = 2w
const pulledL2 = pulled('l2', (w, λ) => tf.mul(w, 2 * λ));

/**
 * L1: the gradient of λ Σ|w| joins each update, 0 where w is 0. The loss that is logged stays without it. Errors: `GW_REGULARISE_OPTIONS`.
 *
 * @example l1({ rate: 1e-5 })
 */
export const l1 = (options: WeightOptions) => pulledL1(checkedRate(options));

/**
 * L2: the gradient of λ Σw² joins each update. It passes through the optimizer as any gradient does; `adamw` decays weights
 * beside it. The loss that is logged stays without it. Errors: `GW_REGULARISE_OPTIONS`.
 *
 * @example l2({ rate: 1e-4, weights: ['lstm/recurrent_kernel'] })
 */
export const l2 = (options: WeightOptions) => pulledL2(checkedRate(options));
