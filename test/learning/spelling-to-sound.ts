import { padded, pairs } from '@gatewise/data';
import { bidirectional, gru } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { definePlugin } from '@gatewise/plugin';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import {
  beam,
  type Decoded,
  dotAttention,
  greedy,
  type Seq2Seq,
  seq2seq,
  teacherForcing,
} from '@gatewise/seq2seq';
import { softmaxCrossEntropy, train } from '@gatewise/trainer';
import { phonemeErrorRate, type Word } from './cmudict.js';

export const recipe = {
  batch: 64,
  epochs: 8,
  learningRate: 4e-3,
  maxNorm: 1,
  embedding: 32,
  seed: 1,
} as const;

/** GRUs of H units (the encoder H / 2 in each direction), with attention or without. */
export function speller(phonemes: number, H: number, attention: boolean): Seq2Seq {
  const { embedding: width, seed } = recipe;
  return seq2seq({
    encoder: bidirectional({ cell: 'gru', units: H / 2, seed: 1, name: 'encoder' }),
    decoder: gru({ units: H, seed: 2, name: 'decoder' }),
    source: { symbols: 26, width },
    target: { symbols: phonemes + 1, width, end: 0 },
    ...(attention ? { attention: dotAttention() } : {}),
    seed,
  });
}

export const countWeights = ({ weights }: Seq2Seq): number =>
  Object.values(weights).reduce((n, { size }) => n + size, 0);

/** Trains; the phoneme error rate of the held-out words after each epoch, by greedy decoding, and at the end by a beam of 5. */
export async function learn(model: Seq2Seq, training: readonly Word[], heldOut: readonly Word[]) {
  const { batch, epochs, learningRate, maxNorm, seed } = recipe;
  const optimizer = adam({ learningRate });
  const source = pairs(
    { x: training.map(({ letters }) => letters), y: training.map(({ sounds }) => sounds), end: 0 },
    { batch, seed, pool: 20 },
  );
  const curve: { epoch: number; loss: number; phonemeErrorRate: number }[] = [];
  const scoring = definePlugin('score', () => ({
    onEpochEnd: async ({ epoch, logs }) => {
      curve.push({ epoch: epoch + 1, loss: logs.loss!, phonemeErrorRate: await score(model, heldOut) });
    },
  }));
  const result = await train(teacherForcing(model, { loss: softmaxCrossEntropy }), source, {
    ...{ epochs, optimizer, seed },
    plugins: [clipByGlobalNorm({ maxNorm }), scoring(undefined)],
  });
  optimizer.dispose();
  return { curve, steps: result.steps, beam5: await score(model, heldOut, 5) };
}

/** Held-out phoneme error rate: greedy, or by a beam. */
async function score(model: Seq2Seq, words: readonly Word[], width?: number): Promise<number> {
  const written = await write(model, words, width);
  return phonemeErrorRate(
    written.map(({ ids }) => ids),
    words.map(({ sounds }) => sounds),
  );
}

/** What a model writes for words, decoded 250 at a time, with where attention looked. */
export async function write(model: Seq2Seq, words: readonly Word[], width?: number): Promise<Decoded[]> {
  const written: Decoded[] = [];
  for (let at = 0; at < words.length; at += 250) {
    const sources = padded(words.slice(at, at + 250).map(({ letters }) => letters));
    const options = { alignments: words.length === 1 };
    const best = width
      ? (await beam(model, sources, { ...options, width })).map(([first]) => first!)
      : await greedy(model, sources, options);
    sources.x.dispose();
    written.push(...best);
  }
  return written;
}
