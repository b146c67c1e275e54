import { definePlugin, type LayerOutputs } from '@gatewise/plugin';
import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { checkedRate, chosenBy, type Names } from './options.js';

export interface ActivationOptions {
  /** α or β, above 0. */
  readonly rate: number;
  /** The recurrent layers it works on, by name or by question; all of them when absent. In the paper it is the last one. */
  readonly layers?: Names | undefined;
}

/** α mean h², of h after dropout, over real steps. */
export function activation({ dropped: h, mask }: LayerOutputs, α: number): Scalar {
  return tf.mul(α, mean(tf.square(h), mask));
}

/** β mean (h_{t+1} − h_t)², before dropout, over pairs of real steps; undefined for one step. */
export function temporal({ y, mask }: LayerOutputs, β: number): Scalar | undefined {
  const [, T = 0] = y.shape;
  if (T < 2) return undefined;
  const change = tf.sub(later(y), earlier(y));
  return tf.mul(β, mean(tf.square(change), mask && tf.logicalAnd(earlier(mask), later(mask))));
}

/** Steps 0 to T − 2, and 1 to T − 1. */
const earlier = <T extends Tensor>(t: T): T => tf.slice(t, at(t, 0), size(t)) as T;
const later = <T extends Tensor>(t: T): T => tf.slice(t, at(t, 1), size(t)) as T;
const at = (t: Tensor, step: number) => t.shape.map((_, axis) => (axis === 1 ? step : 0));
const size = (t: Tensor) => t.shape.map((n, axis) => (axis === 1 ? n - 1 : n));

/** The mean of v [B,T,H] over the steps that the mask [B,T] lets through. */
function mean(v: Tensor, mask?: Tensor): Scalar {
  if (!mask) return tf.mean(v);
  const real = tf.cast(mask, 'float32') as Tensor2D;
  const [B = 0, T = 0, H = 1] = v.shape;
  // by selection: padding may hold anything
  const kept = tf.where(tf.reshape(tf.cast(mask, 'bool'), [B, T, 1]), v, tf.zerosLike(v));
  return tf.div(tf.sum(kept), tf.mul(tf.maximum(tf.sum(real), 1), H));
}

type Penalty = (outputs: LayerOutputs, rate: number) => Scalar | undefined;

const penalised = (name: string, penalty: Penalty) =>
  definePlugin(name, ({ rate, layers }: ActivationOptions) => ({
    providePenalty: (layer, outputs) =>
      layers === undefined || chosenBy(layers, layer.name) ? penalty(outputs, rate) : undefined,
  }));

const byActivation = penalised('activation', activation);
const byChange = penalised('temporal-activation', temporal);

/**
 * Activation regularisation: α mean h² of each recurrent layer's outputs, after dropout, joins the loss; not the one that is
 * logged. The recurrence stays fused. Errors: `GW_REGULARISE_OPTIONS`. Source: Merity, McCann and Socher, 2017.
 *
 * @example activationPenalty({ rate: 2, layers: ['top'] })
 */
export const activationPenalty = (options: ActivationOptions) => byActivation(checkedRate(options));

/**
 * Temporal activation regularisation: β mean (h_{t+1} − h_t)² of each recurrent layer's outputs, before dropout, joins the loss.
 * Otherwise as `activationPenalty`.
 *
 * @example temporalPenalty({ rate: 1, layers: ['top'] })
 */
export const temporalPenalty = (options: ActivationOptions) => byChange(checkedRate(options));
