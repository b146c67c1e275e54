import { useBackend } from '@gatewise/backends';
import { random } from '@gatewise/core';
import { ragged, split } from '@gatewise/data';
import { type Tutorial, table } from '@gatewise/example-figures';
import { bidirectional, lstm } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import { predict, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { accuracy, brownSentences, Ids, mostFrequentTags, type Sentence } from './brown.js';
import { charts } from './charts.js';

export { brownSentences };

// #region data
/** Sentences as ids, in a seeded order: nine tenths to train on, a tenth held out. Ids are of the training part alone. */
export function tagged(sentences: readonly Sentence[]) {
  const { train: training, heldOut } = split(random(1).shuffle(sentences), { heldOut: 0.1 });
  const ids = new Ids(training);
  const asIds = (part: readonly Sentence[]) => ({
    x: part.map((s) => Int32Array.from(s, ([word]) => ids.word(word))),
    y: part.map((s) => Int32Array.from(s, ([, tag]) => ids.tag(tag))),
  });
  return { ids, training, heldOut, toTrain: asIds(training), toTell: asIds(heldOut) };
}
// #endregion
export type Data = ReturnType<typeof tagged>;

// #region baseline
/** Every held-out word gets the tag that it has most often in the training part. */
export function byFrequency({ training, ids, toTell }: Data): Int32Array[] {
  const frequent = mostFrequentTags(training, ids);
  return toTell.x.map((sentence) => sentence.map((word) => frequent[word]!));
}
// #endregion

// #region model
export const directions = {
  forward: (units: number) => lstm({ units: 2 * units, returnSequences: true, seed: 1 }),
  'both ways': (units: number) => bidirectional({ cell: 'lstm', units, returnSequences: true, seed: 1 }),
};
export type Direction = keyof typeof directions;

/** Ids [B,T] → vectors [B,T,E] → states [B,T,2H] → a number for each tag, at every word [B,T,tags]. */
export function tagger(direction: Direction, { ids }: Data, E: number, units: number) {
  const layer = directions[direction];
  return tf.sequential({
    layers: [
      tf.layers.embedding({
        ...{ inputDim: ids.words.size + 1, outputDim: E },
        embeddingsInitializer: tf.initializers.randomUniform({ minval: -0.05, maxval: 0.05, seed: 1 }),
      }),
      tf.layers.dropout({ rate: 0.2, seed: 1 }),
      layer(units),
      tf.layers.dense({
        units: ids.tags.size,
        kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
      }),
    ],
  });
}
// #endregion

// #region train
/** Trains, then tells the held-out sentences: for every word the tag with the largest number. */
export async function tell(
  model: tf.LayersModel,
  { toTrain, toTell }: Data,
  { epochs, batch = 32, learningRate = 6e-3 }: { epochs: number; batch?: number; learningRate?: number },
): Promise<{ said: Int32Array[]; losses: number[] }> {
  const optimizer = adam({ learningRate });
  const { history } = await train(model, ragged(toTrain, { batch, seed: 1, pool: 20 }), {
    loss: 'softmaxCrossEntropy',
    plugins: [clipByGlobalNorm({ maxNorm: 5 })],
    ...{ epochs, optimizer, seed: 1 },
  });
  optimizer.dispose();
  const outputs = (await predict(model, ragged(toTell, { batch: 128 }))) as number[][][];
  const said = outputs.map((steps) => Int32Array.from(steps, (row) => row.indexOf(Math.max(...row))));
  return { said, losses: history.map(({ loss }) => loss!) };
}
// #endregion

export interface Score {
  readonly tagger: string;
  readonly weights: number;
  /** Shares of held-out words with the right tag: of all, of those with more than one tag in training, of those not seen there. */
  readonly all: number;
  readonly several: number;
  readonly unseen: number;
}
export interface Figures {
  readonly sentences: { training: number; heldOut: number };
  readonly words: { training: number; heldOut: number; known: number; tags: number };
  /** Shares of the held-out words. */
  readonly several: number;
  readonly unseen: number;
  readonly scores: Score[];
  readonly example: { word: string; right: string; said: Record<string, string> }[];
}

/** The share of right tags among the held-out words that a test picks. */
export function shareOf(data: Data, said: readonly Int32Array[], picks: (word: string) => boolean): number {
  const kept = data.heldOut.map((sentence) => sentence.map(([word]) => picks(word)));
  const only = (all: readonly Int32Array[]) => all.map((tags, s) => tags.filter((_, t) => kept[s]![t]));
  return accuracy(only(data.toTell.y), only(said));
}

/** How many tags each word of the training part has. */
function tagCounts({ training }: Data): (word: string) => number {
  const tags = new Map<string, Set<string>>();
  for (const [word, tag] of training.flat()) tags.set(word, (tags.get(word) ?? new Set()).add(tag));
  return (word) => tags.get(word)?.size ?? 0;
}

async function run(length: 'short' | 'full'): Promise<Figures> {
  await useBackend('cpu');
  const full = length === 'full';
  const [most, epochs, E, units] = full ? [4600, 3, 32, 32] : [200, 1, 8, 8];
  const data = tagged(brownSentences(full ? undefined : 3).slice(0, most));
  const count = tagCounts(data);
  const said: Record<string, Int32Array[]> = { 'most frequent tag': byFrequency(data) };
  const weights: Record<string, number> = {};
  for (const direction of Object.keys(directions) as Direction[]) {
    const model = tagger(direction, data, E, units);
    said[`LSTM, ${direction}`] = (await tell(model, data, { epochs })).said;
    weights[`LSTM, ${direction}`] = model.countParams();
    model.dispose();
  }
  const heldOut = data.heldOut.flat().map(([word]) => count(word));
  const share = (test: (n: number) => boolean) => heldOut.filter(test).length / heldOut.length;
  return {
    sentences: { training: data.training.length, heldOut: data.heldOut.length },
    words: {
      ...{ training: data.training.flat().length, heldOut: heldOut.length },
      ...{ known: data.ids.words.size, tags: data.ids.tags.size },
    },
    ...{ several: share((n) => n > 1), unseen: share((n) => n === 0) },
    scores: Object.entries(said).map(([name, tags]) => ({
      ...{ tagger: name, weights: weights[name] ?? 0, all: shareOf(data, tags, () => true) },
      several: shareOf(data, tags, (word) => count(word) > 1),
      unseen: shareOf(data, tags, (word) => count(word) === 0),
    })),
    example: exampleOf(data, said),
  };
}

/** Of the short held-out sentences without names the one in which the taggers differ most, best to the right. */
function exampleOf(data: Data, said: Record<string, Int32Array[]>): Figures['example'] {
  const names = [...data.ids.tags.keys()];
  const taggers = Object.keys(said);
  const right = (tagger: string, s: number) =>
    data.toTell.y[s]!.filter((tag, t) => said[tagger]![s]![t] === tag).length;
  const gain = (s: number) => right(taggers.at(-1)!, s) - right(taggers[0]!, s);
  const plain = (sentence: Sentence) =>
    sentence.length <= 14 && sentence.every(([word], t) => t === 0 || /^[a-z.,;]/.test(word));
  const short = data.heldOut.flatMap((sentence, s) => (plain(sentence) ? [s] : []));
  const s = short.reduce((best, one) => (gain(one) > gain(best) ? one : best));
  return data.heldOut[s]!.map(([word, tag], t) => ({
    ...{ word, right: tag },
    said: Object.fromEntries(taggers.map((tagger) => [tagger, names[said[tagger]![s]![t]!]!])),
  }));
}

const percent = (share: number) => (100 * share).toFixed(1);

export const tutorial: Tutorial<Figures> = {
  at: import.meta.url,
  run,
  tables: ({ sentences, words, several, unseen, scores, example }) => ({
    data: table(
      ['', 'sentences', 'words'],
      [
        ['to train on', sentences.training, words.training],
        ['held out', sentences.heldOut, words.heldOut],
      ],
    ),
    scores: table(
      ['tagger', 'weights', 'right, % of words', 'of words with several tags', 'of words never seen'],
      [
        ...scores.map((s) => [
          ...[s.tagger, s.weights, percent(s.all)],
          ...[percent(s.several), percent(s.unseen)],
        ]),
        ['(so many are such words, %)', '', 100, percent(several), percent(unseen)],
      ],
    ),
    example: table(
      ['word', 'right', ...Object.keys(example[0]!.said)],
      example.map(({ word, right, said }) => [
        ...[word, right],
        ...Object.values(said).map((tag) => (tag === right ? tag : `**${tag}**`)),
      ]),
    ),
  }),
  charts,
};
