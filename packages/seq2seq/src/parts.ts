import { foldKey, hashText } from '@gatewise/core';
import type { Stateful } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs-core';
import { initializers, layers } from '@tensorflow/tfjs-layers';

/** tf.layers' dense layer with seeded weights. */
export function dense(
  role: string,
  units: number,
  seed: number,
  activation: 'tanh' | 'linear',
): layers.Layer {
  const kernelInitializer = initializers.glorotUniform({ seed: foldKey(seed, hashText(role)) });
  return layers.dense({ units, activation, kernelInitializer });
}

/** Rows of a table by id, uniform within ±1/√width at first; its gradient is the sum of the rows of each id. */
export function embedding(role: string, symbols: number, width: number, seed: number): layers.Layer {
  const a = 1 / Math.sqrt(width);
  const embeddingsInitializer = initializers.randomUniform({
    ...{ minval: -a, maxval: a },
    seed: foldKey(seed, hashText(role)),
  });
  return layers.embedding({ inputDim: symbols, outputDim: width, embeddingsInitializer });
}

/**
 * One dense layer a state of the decoder, where the encoder's states are not its states: s_k = tanh([s₁; s₂; …] W_k + b_k)
 * (Bahdanau, Cho and Bengio, 2015). None where they are.
 */
export function bridgeOf(encoder: Stateful, decoder: Stateful, seed: number): readonly layers.Layer[] {
  const shape = ({ states }: Stateful) =>
    states.map(({ name, units }) => `${name.split('/').at(-1)} ${units}`);
  if (shape(encoder).join() === shape(decoder).join()) return [];
  return decoder.states.map(({ units }, k) => dense(`bridge/${k}`, units, seed, 'tanh'));
}

/** The states that the decoder starts from. */
export function crossBridge(
  bridge: readonly layers.Layer[],
  finals: readonly tf.Tensor[],
): readonly tf.Tensor[] {
  if (bridge.length === 0) return finals;
  const all = tf.concat([...finals], 1);
  return bridge.map((layer) => layer.apply(all) as tf.Tensor);
}
