import { useBackend } from '@gatewise/backends';
import { draw, random } from '@gatewise/core';
import { bigramBits, ragged } from '@gatewise/data';
import { femaleness, kinds, learn, letters, type Name, reader, readNames } from '@gatewise/example-08-names';
import { type Tutorial, table } from '@gatewise/example-figures';
import { gru, RecurrentState, stream } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import { type BatchSource, evaluate, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { charts } from './charts.js';

// #region symbols
/** What is read before the first letter: START for male, START + 1 for female. What is written after the last: END. */
const START = letters.size;
const END = letters.size;

/** x: the start and the letters; y: the letters and the end. At every step the target is the next symbol. */
const batches = (names: readonly Name[], seed?: number) =>
  ragged(
    {
      x: names.map(({ name, kind }) => Int32Array.of(START + kind, ...letters.encode(name))),
      y: names.map(({ name }) => Int32Array.of(...letters.encode(name), END)),
    },
    { batch: 64, ...(seed !== undefined && { seed }) },
  );
// #endregion

// #region ways
const start = () => tf.scalar(START, 'int32');
/** How the network is told the kind: what of x [B,T] it gets to see. */
export const ways = {
  'not at all': (x: tf.Tensor) => tf.minimum(x, start()), // one start for both
  'by the first input': (x: tf.Tensor) => x,
  'by the first state': (x: tf.Tensor) => [
    tf.minimum(x, start()),
    tf.sub(tf.slice(x, [0, 0], [-1, 1]), start()), // the kind [B,1]
  ],
};
export type Way = keyof typeof ways;

function told(way: Way, source: ReturnType<typeof batches>) {
  const shown = ways[way];
  return function* (epoch: number): BatchSource {
    for (const { x, y, lengths } of source(epoch)) {
      yield { ...tf.tidy(() => ({ x: shown(x), y })), ...(lengths && { lengths }) };
      x.dispose();
    }
  };
}
// #endregion

// #region model
/** Ids [B,T] → states [B,T,H] → a number for each next symbol [B,T,28]; one row [H] of `states` is where a kind begins. */
function writer(way: Way, units: number, seed: number) {
  const ids = tf.input({ shape: [null], dtype: 'int32' });
  const kind = tf.input({ shape: [1], dtype: 'int32' });
  const layer = gru({ units, inputDim: START + 2, returnSequences: true, seed });
  const head = tf.layers.dense({
    units: END + 1,
    kernelInitializer: tf.initializers.glorotUniform({ seed }),
  });
  const states = tf.layers.embedding({
    ...{ inputDim: kinds.length, outputDim: units },
    embeddingsInitializer: tf.initializers.randomUniform({ minval: -0.1, maxval: 0.1, seed }),
  });
  const byState = way === 'by the first state';
  const h0 = byState && tf.layers.reshape({ targetShape: [units] }).apply(states.apply(kind));
  const y = layer.apply(h0 ? [ids, h0 as tf.SymbolicTensor] : ids) as tf.SymbolicTensor;
  const model = tf.model({
    inputs: byState ? [ids, kind] : ids,
    outputs: head.apply(y) as tf.SymbolicTensor,
  });
  return { way, model, layer, head, states };
}
type Writer = ReturnType<typeof writer>;
// #endregion

// #region write
/** Where B names of a kind begin; between two kinds too: 0.5 is halfway. Undefined: zeros. */
function begin({ way, layer, states }: Writer, kind: number, B: number): RecurrentState | undefined {
  if (way !== 'by the first state') return undefined;
  const h0 = tf.tidy(() => {
    const [male, female] = tf.split(states.getWeights()[0]!, 2) as [tf.Tensor, tf.Tensor]; // [1,H]
    return tf.tile(tf.add(tf.mul(male, 1 - kind), tf.mul(female, kind)), [B, 1]);
  });
  return new RecurrentState(layer, [h0]);
}

/** B names at once: draw a letter for each, feed it back, until all have drawn their end or have 20 letters. */
export async function write(from: Writer, kind: number, B: number, temperature: number, seed: number) {
  const chance = random(seed);
  const steps = stream(from.layer, begin(from, kind, B));
  const names: number[][] = Array.from({ length: B }, () => []);
  const ended = new Set<number>();
  let next = Int32Array.from({ length: B }, () => (from.way === 'by the first input' ? START + kind : START));
  for (let t = 0; t < 20 && ended.size < B; t++) {
    const logits = tf.tidy(() => from.head.apply(steps.push(tf.tensor1d(next, 'int32'))) as tf.Tensor2D);
    const rows = await logits.array(); // [B,28]
    logits.dispose();
    next = Int32Array.from(rows, (z) => draw(z, { temperature }, chance));
    for (const [b, id] of next.entries()) {
      if (id === END) ended.add(b);
      if (!ended.has(b)) names[b]!.push(id);
    }
    next = next.map((id) => Math.min(id, END - 1)); // of rows that have ended, nobody looks any more
  }
  steps.dispose();
  return names.map((ids) => letters.decode(ids));
}
// #endregion

export interface Written {
  readonly temperature: number;
  /** Shares of all names written: not in the training part; of those, in the lists all the same; taken for the kind asked for. */
  readonly fresh: number;
  readonly real: number;
  readonly accepted: number;
}
export interface Figures {
  readonly names: { training: number; heldOut: number; judge: number };
  readonly units: number;
  /** Bits for a symbol of held-out names. */
  readonly bigram: number;
  readonly ways: { way: Way; bits: number; accepted: number }[];
  /** Written by the one that is told by its first state, so many a kind. */
  readonly each: number;
  readonly temperatures: Written[];
  /** Share taken for female by where between male, 0, and female, 1, the state begins. */
  readonly between: { at: number; female: number }[];
  /** How often the judge is right of real names that it has not seen. */
  readonly judge: number;
  readonly samples: { kind: string; names: string[]; real: string[] }[];
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const BOLD = 0.7;

async function learnToWrite(way: Way, training: readonly Name[], units: number, epochs: number) {
  const made = writer(way, units, 1);
  const optimizer = adam({ learningRate: 5e-3 });
  await train(made.model, told(way, batches(training, 1)), {
    loss: 'softmaxCrossEntropy',
    plugins: [clipByGlobalNorm({ maxNorm: 1 })],
    ...{ epochs, optimizer, seed: 1 },
  });
  optimizer.dispose();
  return made;
}

async function run(length: 'short' | 'full'): Promise<Figures> {
  await useBackend('cpu');
  const full = length === 'full';
  const [units, epochs, each, most] = full ? [64, 10, 500, 4800] : [16, 1, 40, 640];
  const { names, inBoth } = readNames(1);
  const [training, heldOut, unseen] = [
    names.slice(0, most),
    names.slice(4800, 5600),
    names.slice(5600, full ? names.length : 5600 + most),
  ];
  const judge = reader(32, 2);
  const judged = await learn(judge, unseen, heldOut, full ? 10 : 1);
  const known = new Set(training.map(({ name }) => name));
  const all = new Set([...names.map(({ name }) => name), ...inBoth]);

  /** The share of names that the judge takes for the kind. */
  const accepted = async (written: readonly string[], kind: number) =>
    mean((await femaleness(judge, written)).map((p) => Number(Number(p > 0.5) === kind)));
  const both = (one: (kind: number) => Promise<number>) =>
    Promise.all(kinds.map((_, kind) => one(kind))).then(mean);
  const whole = (from: Writer, kind: number, τ: number) =>
    write(from, kind, each, τ, 10 + kind).then((w) => w.filter((name) => name.length > 0));

  const found: Figures['ways'] = [];
  let best: Writer | undefined;
  for (const way of Object.keys(ways) as Way[]) {
    const made = await learnToWrite(way, training, units, epochs);
    const nats = await evaluate(made.model, told(way, batches(heldOut)), { loss: 'softmaxCrossEntropy' });
    const share = await both(async (kind) => accepted(await whole(made, kind, BOLD), kind));
    found.push({ way, bits: nats * Math.LOG2E, accepted: share });
    best?.model.dispose();
    best = made;
  }
  const from = best!;
  const temperatures: Written[] = [];
  for (const temperature of full ? [0.25, 0.5, BOLD, 1, 1.25, 1.5] : [BOLD]) {
    const shares = await Promise.all(
      kinds.map(async (_, kind) => {
        const written = await whole(from, kind, temperature);
        const fresh = written.filter((name) => !known.has(name));
        return [
          fresh.length / written.length,
          mean(fresh.map((name) => Number(all.has(name)))),
          await accepted(written, kind),
        ];
      }),
    );
    const [fresh, real, taken] = [0, 1, 2].map((k) => mean(shares.map((s) => s[k]!)));
    temperatures.push({ temperature, fresh: fresh!, real: real!, accepted: taken! });
  }
  const between: Figures['between'] = [];
  for (const at of full ? [0, 0.25, 0.5, 0.75, 1] : [0, 1]) {
    between.push({ at, female: await accepted(await whole(from, at, BOLD), 1) });
  }
  const samples: Figures['samples'] = [];
  for (const [kind, name] of kinds.entries()) {
    const fresh = [...new Set(await whole(from, kind, BOLD))].filter((w) => !known.has(w));
    samples.push({
      ...{ kind: name, names: fresh.filter((w) => !all.has(w)).slice(0, 12) },
      real: fresh.filter((w) => all.has(w)).slice(0, 6),
    });
  }
  from.model.dispose();
  judge.dispose();
  const ids = (part: readonly Name[]) => part.flatMap(({ name }) => [...letters.encode(name), END]);
  return {
    names: { training: training.length, heldOut: heldOut.length, judge: unseen.length },
    ...{ units, each, ways: found, temperatures, between, samples },
    bigram: bigramBits(ids(training), ids(heldOut), { size: END + 1 }),
    judge: judged.at(-1)!.heldOut,
  };
}

const percent = (share: number) => (100 * share).toFixed(1);

export const tutorial: Tutorial<Figures> = {
  at: import.meta.url,
  run,
  tables: ({ names, bigram, ways: found, judge, temperatures, samples }) => ({
    names: table(
      ['to train on', 'held out', 'for the judge alone'],
      [[names.training, names.heldOut, names.judge]],
    ),
    ways: table(
      ['the kind is told', 'bits a symbol, held out', 'names taken for the kind asked for, %'],
      [
        ['pairs of letters, counted', bigram.toFixed(3), ''],
        ...found.map(({ way, bits, accepted }) => [way, bits.toFixed(3), percent(accepted)]),
        ['(real held-out names)', '', percent(judge)],
      ],
    ),
    temperatures: table(
      ['temperature', 'new, %', 'of the new: real names, %', 'of the kind asked for, %'],
      temperatures.map(({ temperature, fresh, real, accepted }) => [
        ...[temperature, percent(fresh), percent(real), percent(accepted)],
      ]),
    ),
    samples: table(
      ['asked for', 'new names that stand in no list', 'new to it, but real'],
      samples.map(({ kind, names: made, real }) => [kind, made.join(', '), real.join(', ')]),
    ),
  }),
  charts,
};
