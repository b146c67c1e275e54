import { GatewiseError } from '@gatewise/core';
import { type Lengths, lengthsMask } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { type Input, type LayerArgs, shapesOf, toList } from './tf-layers.js';

/** Hands x on with the mask of its lengths; make one with `withLengths()`. */
export class LengthsLayer extends layers.Layer {
  static className = 'GatewiseLengths';

  constructor(args: LayerArgs = {}) {
    super(args);
    this.supportsMasking = true;
  }

  override build(inputShape: Shape | Shape[]): void {
    checkInputs(this.name, shapesOf(inputShape));
    this.built = true;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return shapesOf(inputShape)[0]!;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const [x, lengths] = toList(inputs) as [tf.Tensor, tf.Tensor];
    checkInputs(this.name, lengths ? [x.shape, lengths.shape] : [x.shape]);
    return tf.clone(x);
  }

  override computeMask(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const [x, lengths] = toList(inputs) as [tf.Tensor, tf.Tensor];
    return lengthsMask(lengths, x.shape[0]!, x.shape[1]!);
  }
}
tf.serialization.registerClass(LengthsLayer);

/**
 * A layer with inputs [x [B,T,…], lengths [B] or [B,1]] that hands x on and masks what lies behind each row's length, so
 * that `fit`, `evaluate` and `predict` of tf.layers take right-padded rows. Errors: `GW_LAYER_SHAPE`.
 *
 * @example
 * const [x, lengths] = [tf.input({ shape: [null, 8] }), tf.input({ shape: [1] })];
 * const y = lstm({ units: 16 }).apply(withLengths().apply([x, lengths]));
 * const model = tf.model({ inputs: [x, lengths], outputs: y });
 */
export const withLengths = (args: LayerArgs = {}): LengthsLayer => new LengthsLayer(args);

/** The mask that `apply(x, { lengths })` stands for. */
export function maskOfLengths(inputs: Input | Input[], lengths: Lengths): tf.Tensor {
  const x = toList(inputs)[0]!;
  if (x instanceof tf.Tensor) return lengthsMask(lengths, x.shape[0]!, x.shape[1]!);
  throw new GatewiseError(
    'GW_LAYER_LENGTHS',
    'got lengths for a symbolic input, wanted them as an input of the model; use withLengths().apply([x, lengths])',
  );
}

function checkInputs(layer: string, [x, lengths]: readonly Shape[]): void {
  const fits =
    x && x.length >= 2 && lengths && (lengths.length === 1 || (lengths.length === 2 && lengths[1] === 1));
  if (fits) return;
  throw new GatewiseError(
    'GW_LAYER_SHAPE',
    `layer "${layer}": got inputs ${[x, lengths].map((s) => (s ? `[${s}]` : 'none')).join(' and ')}, wanted x [B, T, …] and lengths [B, 1]`,
  );
}
