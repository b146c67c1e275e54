import { bidirectional, gru, lstm, stack } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs-core';
import { additiveAttention, dotAttention, generalAttention, type Seq2Seq, seq2seq } from '../src/index.js';

/** Symbols of the source and of the target; 0 ends a target. */
export const [I, V] = [6, 5];
const source = { symbols: I, width: 3 };
const target = { symbols: V, width: 4, end: 0 };

/** Small models of different make, seeded alike. */
export const models: Readonly<Record<string, () => Seq2Seq>> = {
  'gru, dot attention': () =>
    seq2seq({
      ...{ source, target, attention: dotAttention({ seed: 3 }) },
      encoder: gru({ units: 4, seed: 1 }),
      decoder: gru({ units: 4, seed: 2 }),
    }),
  'bidirectional gru to lstm, additive attention': () =>
    seq2seq({
      ...{ source, target, attention: additiveAttention({ units: 5, seed: 3 }) },
      encoder: bidirectional({ cell: 'gru', units: 3, seed: 1 }),
      decoder: lstm({ units: 4, seed: 2 }),
    }),
  'stack of ids, general attention': () =>
    seq2seq({
      ...{ target: { symbols: V, end: 0, start: 1 }, attention: generalAttention({ seed: 3 }) },
      encoder: lstm({ units: 3, seed: 1, inputDim: I }),
      decoder: stack({ cell: 'lstm', units: 4, depth: 2, seed: 2, inputDim: V }),
    }),
  'vectors, no attention': () =>
    seq2seq({
      ...{ source: { features: 2 }, target },
      encoder: lstm({ units: 4, seed: 1 }),
      decoder: lstm({ units: 4, seed: 2 }),
    }),
};

/** Sources for a model: [B,S] ids, or [B,S,2]. */
export function sourcesOf(model: Seq2Seq, B = 3, S = 5, seed = 1): tf.Tensor {
  const { source } = model.config;
  return source && 'features' in source
    ? tf.randomNormal([B, S, source.features], 0, 1, 'float32', seed)
    : tf.randomUniformInt([B, S], 0, I, seed);
}

/** Makes outputs differ: untrained heads say nearly the same everywhere. */
export function sharpen({ weights }: Seq2Seq): void {
  for (const [name, w] of Object.entries(weights)) {
    if (!name.endsWith('bias')) w.assign(tf.tidy(() => tf.mul(w, name.startsWith('head') ? 6 : 1.5)));
  }
}
