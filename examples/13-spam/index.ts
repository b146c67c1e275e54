import { useBackend } from '@gatewise/backends';
import { random } from '@gatewise/core';
import { ragged, split } from '@gatewise/data';
import { type Tutorial, table } from '@gatewise/example-figures';
import { gru } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import { predict, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { charts } from './charts.js';
import { type Message, messages } from './mail.js';

// #region ids
/** Ids of the words that stand at least three times in the training part; 0 is any other word. */
export function dictionary(training: readonly Message[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of training.flatMap(({ words }) => words)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const known = [...counts].filter(([, count]) => count >= 3).map(([word]) => word);
  return new Map(known.sort().map((word, n) => [word, n + 1]));
}
const encode = (ids: ReadonlyMap<string, number>, words: readonly string[]) =>
  Int32Array.from(words, (word) => ids.get(word) ?? 0);
// #endregion

/** Whether a message is spam, by its words. */
type Guess = (words: readonly string[]) => boolean;

// #region counting
/** Each word votes by how much more often it stands in spam; order does not matter. This is called naive Bayes. */
export function byCounts(
  training: readonly Message[],
  ids: ReadonlyMap<string, number>,
  spamWeight = 1,
): Guess {
  const counts = [0, 1].map(() => new Float64Array(ids.size + 1).fill(1));
  const size = [0, 0];
  for (const { words, spam } of training) {
    size[Number(spam)]!++;
    for (const id of encode(ids, words)) counts[Number(spam)]![id]!++;
  }
  const [ham, spam] = counts.map((count) => {
    const sum = count.reduce((a, b) => a + b);
    return count.map((n) => Math.log(n / sum));
  });
  const before = Math.log((spamWeight * size[1]!) / size[0]!);
  return (words) => encode(ids, words).reduce((sum, id) => sum + spam![id]! - ham![id]!, before) > 0;
}
// #endregion

// #region model
/** Ids [B,T] → vectors [B,T,E] → the state after the last word [B,H] → a number for each answer [B,2]. */
export function reader(words: number, E: number, units: number, seed: number) {
  const vectors = tf.layers.embedding({
    ...{ inputDim: words, outputDim: E },
    embeddingsInitializer: tf.initializers.randomUniform({ minval: -0.05, maxval: 0.05, seed }),
  });
  const model = tf.sequential({
    layers: [
      vectors,
      tf.layers.dropout({ rate: 0.3, seed }),
      gru({ units, seed }),
      tf.layers.dense({ units: 2, kernelInitializer: tf.initializers.glorotUniform({ seed }) }),
    ],
  });
  return { vectors, model };
}

/** Messages of like length share a batch: a short one next to a long one would be filled up with 0 for most of its steps. */
const batches = (part: readonly Message[], ids: ReadonlyMap<string, number>, seed?: number) =>
  ragged(
    { x: part.map(({ words }) => encode(ids, words)), y: part.map(({ spam }) => Number(spam)) },
    { batch: 32, ...(seed !== undefined && { seed, pool: 20 }) },
  );

export async function told(
  model: tf.LayersModel,
  part: readonly Message[],
  ids: ReadonlyMap<string, number>,
): Promise<boolean[]> {
  const read = (await predict(model, batches(part, ids))) as number[][];
  return read.map(([ham, spam]) => spam! > ham!);
}
// #endregion

// #region train
/** How large, and how long. */
interface Size {
  readonly E: number;
  readonly units: number;
  readonly epochs: number;
}

/** A reader that has learned from messages; in its loss a spam counts as much as `spamWeight` hams. */
async function learn(training: readonly Message[], { E, units, epochs }: Size, spamWeight: number) {
  const ids = dictionary(training);
  const { vectors, model } = reader(ids.size + 1, E, units, 1);
  const optimizer = adam({ learningRate: 3e-3 });
  await train(model, batches(training, ids, 1), {
    loss: 'softmaxCrossEntropy',
    classWeights: [1, spamWeight],
    plugins: [clipByGlobalNorm({ maxNorm: 1 })],
    ...{ epochs, optimizer, seed: 1 },
  });
  optimizer.dispose();
  return { ids, vectors, model };
}
// #endregion

const share = (values: readonly boolean[]) => values.filter(Boolean).length / values.length;
const right = (part: readonly Message[], said: readonly boolean[]) =>
  share(part.map(({ spam }, n) => said[n] === spam));

// #region choose
/** What each weight scores on a part of the training messages when it learns from the others: half for ham, half for spam. */
async function tryWeights(training: readonly Message[], size: Size, weights: readonly number[]) {
  const { train: learning, heldOut: validation } = split(training, { heldOut: 0.2 });
  const tried: { spamWeight: number; ham: number; spam: number; mean: number }[] = [];
  for (const spamWeight of weights) {
    const { ids, model } = await learn(learning, size, spamWeight);
    const said = await told(model, validation, ids);
    model.dispose();
    const ham = share(said.filter((_, n) => !validation[n]!.spam).map((yes) => !yes));
    const spam = share(said.filter((_, n) => validation[n]!.spam));
    tried.push({ spamWeight, ham, spam, mean: (ham + spam) / 2 });
  }
  return tried;
}
// #endregion

export interface Figures {
  readonly messages: { part: string; ham: number; spam: number }[];
  readonly words: number;
  readonly weights: number;
  /** Shares told right of the messages that choose the weight of spam; the best is taken. */
  readonly tried: { spamWeight: number; ham: number; spam: number; mean: number }[];
  readonly chosen: number;
  /** Shares of held-out messages told right, and of ham taken for spam. */
  readonly right: { guess: string; same: number; later: number; lost: number }[];
  /** Of the later collection, by how many words are read. */
  readonly reading: { words: number; guess: string; right: number }[];
  /** With how many of a hundred of its places in the training part are in spam. */
  readonly near: { word: string; inSpam: number; others: { word: string; inSpam: number }[] }[];
}

/** Which of these messages are spam. */
type Guesser = (part: readonly Message[]) => Promise<boolean[]>;

async function scoresOf(
  guesses: Readonly<Record<string, Guesser>>,
  same: readonly Message[],
  later: readonly Message[],
): Promise<Figures['right']> {
  const scores: Figures['right'] = [];
  for (const [guess, say] of Object.entries(guesses)) {
    const said = await say(later);
    scores.push({
      ...{ guess, same: right(same, await say(same)), later: right(later, said) },
      lost: share(said.filter((_, n) => !later[n]!.spam)),
    });
  }
  return scores;
}

/** What is right after the first words of a message. */
async function readingOf(
  guesses: Readonly<Record<string, Guesser>>,
  later: readonly Message[],
  lengths: readonly number[],
): Promise<Figures['reading']> {
  const reading: Figures['reading'] = [];
  for (const words of lengths) {
    const start = later.map((message) => ({ ...message, words: message.words.slice(0, words) }));
    for (const [guess, say] of Object.entries(guesses).slice(1)) {
      reading.push({ words, guess, right: right(later, await say(start)) });
    }
  }
  return reading;
}

async function run(length: 'short' | 'full'): Promise<Figures> {
  await useBackend('cpu');
  const full = length === 'full';
  const all = random(1).shuffle(messages());
  const first = all.filter(({ collection }) => collection === 1).slice(0, full ? all.length : 400);
  const later = all.filter(({ collection }) => collection === 2).slice(0, full ? all.length : 200);
  const { train: training, heldOut: same } = split(first, { heldOut: 0.2 });
  const size = full ? { E: 24, units: 24, epochs: 4 } : { E: 8, units: 8, epochs: 2 };
  const tried = await tryWeights(training, size, full ? [1, 2, 5, 10, 20] : [1, 5]);
  const chosen = tried.reduce((best, one) => (one.mean > best.mean ? one : best)).spamWeight;
  const { ids, vectors, model } = await learn(training, size, chosen);

  const network = (part: readonly Message[]) => told(model, part, ids);
  const counting = (guess: Guess) => async (part: readonly Message[]) =>
    part.map(({ words }) => guess(words));
  const never = async (part: readonly Message[]) => part.map(() => false);
  const guesses = {
    'never spam': never,
    'counting words': counting(byCounts(training, ids)),
    'counting words, spam weighted': counting(byCounts(training, ids, chosen)),
    'the network': network,
  };
  const scores = await scoresOf(guesses, same, later);
  const reading = await readingOf(guesses, later, full ? [2, 5, 10, 20, 50, 100] : [2, 100]);
  const near = (await neighbours(vectors, ids, ['free', 'money', 'click', 'wrote', 'perl'])).map(
    ({ word, others }) => ({
      ...{ word, inSpam: inSpam(training, word) },
      others: others.map((other) => ({ word: other, inSpam: inSpam(training, other) })),
    }),
  );
  const weights = model.countParams();
  model.dispose();
  const parts = counted({ training, same, later });
  return { messages: parts, words: ids.size, weights, tried, chosen, right: scores, reading, near };
}

/** Of a hundred places where a word stands, how many are in spam. */
function inSpam(training: readonly Message[], word: string): number {
  const places = training.flatMap(({ words, spam }) => words.filter((one) => one === word).map(() => spam));
  return Math.round(100 * share(places));
}

const names = { training: 'training', same: 'held out, same time', later: 'held out, later' };
const counted = (of: Record<keyof typeof names, readonly Message[]>) =>
  Object.entries(of).map(([part, list]) => {
    const spam = list.filter((message) => message.spam).length;
    return { part: names[part as keyof typeof names], ham: list.length - spam, spam };
  });

// #region near
/** The words whose vectors point most nearly in the same direction. */
async function neighbours(
  vectors: ReturnType<typeof tf.layers.embedding>,
  ids: ReadonlyMap<string, number>,
  words: readonly string[],
) {
  const rows = (await vectors.getWeights()[0]!.array()) as number[][];
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, k) => sum + v * b[k]!, 0);
  const cosine = (a: number[], b: number[]) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  return words
    .filter((word) => ids.has(word))
    .map((word) => {
      const of = (other: string) => cosine(rows[ids.get(word)!]!, rows[ids.get(other)!]!);
      const others = [...ids.keys()].filter((other) => other !== word);
      return { word, others: others.sort((a, b) => of(b) - of(a)).slice(0, 6) };
    });
}
// #endregion

const withShare = (of: { word: string; inSpam: number }) => `${of.word} (${of.inSpam})`;
const percent = (value: number) => (100 * value).toFixed(1);

export const tutorial: Tutorial<Figures> = {
  at: import.meta.url,
  run,
  tables: ({ messages: all, words, weights, tried, right: scores, near }) => ({
    messages: table(
      ['messages', 'ham', 'spam'],
      all.map(({ part, ham, spam }) => [part, ham, spam]),
    ),
    size: table(['words known', 'weights'], [[words, weights]]),
    tried: table(
      ['a spam counts as', 'ham right, %', 'spam right, %', 'mean, %'],
      tried.map(({ spamWeight, ham, spam, mean }) => [
        spamWeight,
        percent(ham),
        percent(spam),
        percent(mean),
      ]),
    ),
    right: table(
      ['guess', 'right, %, same time', 'right, %, later', 'ham taken for spam, %, later'],
      scores.map(({ guess, same, later, lost }) => [guess, percent(same), percent(later), percent(lost)]),
    ),
    near: table(
      ['word (% in spam)', 'nearest vectors (% in spam)'],
      near.map((one) => [withShare(one), one.others.map(withShare).join(', ')]),
    ),
  }),
  charts,
};
