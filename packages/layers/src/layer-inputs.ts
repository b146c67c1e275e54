import type { Lengths } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import type { layers } from '@tensorflow/tfjs-layers';
import { checkMask } from './checks.js';
import { maskOfLengths } from './lengths-layer.js';
import { maskCanReach } from './mask-origin.js';
import { type Input, type Kwargs, toList } from './tf-layers.js';

type Applied = ReturnType<layers.Layer['apply']>;

/**
 * `apply` of a recurrent layer: initial states are inputs like x, so that tf.layers keeps them in the graph of a model and in
 * its file; lengths become a mask. `apply` is that of tf.layers.
 */
export function applyRecurrent(
  inputs: Input | Input[],
  { initialState, lengths, ...rest }: Kwargs,
  apply: (inputs: tf.Tensor | tf.Tensor[], kwargs: Kwargs) => Applied,
): Applied {
  const states = toList((initialState ?? undefined) as Input | Input[] | undefined);
  const given = (states.length > 0 ? [...toList(inputs), ...states] : inputs) as tf.Tensor[];
  if (lengths == null) return apply(given, rest);
  const mask = maskOfLengths(inputs, lengths as Lengths);
  try {
    return apply(given, { ...rest, mask });
  } finally {
    mask.dispose();
  }
}

/** The mask of x, bool [B,T]. tf.layers calls with a list when it runs a model. Errors: `GW_LAYER_SHAPE`. */
export function maskFor(
  layer: layers.Layer,
  inputs: tf.Tensor | tf.Tensor[],
  kwargs: Kwargs,
): tf.Tensor | undefined {
  const mask = toList(kwargs.mask as tf.Tensor | tf.Tensor[] | undefined)[0];
  if (mask == null || (Array.isArray(inputs) && !maskCanReach(layer))) return undefined;
  checkMask(layer.name, mask, toList(inputs)[0]!);
  return mask.dtype === 'bool' ? mask : tf.cast(mask, 'bool');
}
