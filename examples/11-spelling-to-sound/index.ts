import { useBackend } from '@gatewise/backends';
import { padded, pairs } from '@gatewise/data';
import { type Tutorial, table } from '@gatewise/example-figures';
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
import { chart } from './chart.js';
import { phonemeErrorRate, type Word, words } from './cmudict.js';

export { chart } from './chart.js';
export { distance, phonemeErrorRate, words } from './cmudict.js';

type Words = ReturnType<typeof words>;

export const recipe = {
  batch: 64,
  learningRate: 4e-3,
  maxNorm: 1,
  embedding: 32,
  seed: 1,
} as const;

// #region speller
/** GRUs of H units (the encoder H / 2 in each direction), with attention or without. */
function speller(phonemes: number, H: number, attention: boolean): Seq2Seq {
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
// #endregion

const countWeights = ({ weights }: Seq2Seq): number =>
  Object.values(weights).reduce((n, { size }) => n + size, 0);

// #region learn
/** Trains; the phoneme error rate of the held-out words after each epoch, by greedy decoding, and at the end by a beam of 5. */
async function learn(
  model: Seq2Seq,
  { training, heldOut }: Pick<Words, 'training' | 'heldOut'>,
  epochs: number,
) {
  const { batch, learningRate, maxNorm, seed } = recipe;
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
// #endregion

/** Held-out phoneme error rate: greedy, or by a beam. */
async function score(model: Seq2Seq, words: readonly Word[], width?: number): Promise<number> {
  const written = await write(model, words, width);
  return phonemeErrorRate(
    written.map(({ ids }) => ids),
    words.map(({ sounds }) => sounds),
  );
}

// #region write
/** What a model writes for words, decoded 250 at a time, with where attention looked. */
async function write(model: Seq2Seq, words: readonly Word[], width?: number): Promise<Decoded[]> {
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
// #endregion

/** Units, so that both have about the same number of weights; the one without attention has no fewer. */
const units = { attention: 96, 'no attention': 110 } as const;
type Kind = keyof typeof units;
const kinds = Object.keys(units) as Kind[];

export interface Comparison {
  readonly runs: Readonly<Record<Kind, Awaited<ReturnType<typeof learn>> & { weights: number }>>;
  readonly samples: Readonly<Record<'spelling' | 'wanted' | Kind, string>>[];
  /** Of one long held-out word; steps are numbered, so that they keep their order. */
  readonly alignment: { phoneme: string; letter: string; weight: number }[];
}

/** Trains both, scores both, and lets both write some held-out words. */
export async function compare(data: Words, epochs: number, size: Record<Kind, number> = units) {
  const { names, heldOut } = data;
  const text = (ids: readonly number[]) => ids.map((id) => names[id - 1] ?? '?').join(' ');
  const some = heldOut.slice(0, 12);
  const long = heldOut.find(({ spelling }) => spelling.length >= 10) ?? heldOut[0]!;
  const samples = some.map(({ spelling, sounds }) => ({ spelling, wanted: text(sounds) }));
  const runs: Partial<Record<Kind, Comparison['runs'][Kind]>> = {};
  let alignment: Comparison['alignment'] = [];
  for (const kind of kinds) {
    const model = speller(names.length, size[kind], kind === 'attention');
    runs[kind] = { weights: countWeights(model), ...(await learn(model, data, epochs)) };
    for (const [n, { ids }] of (await write(model, some)).entries())
      Object.assign(samples[n]!, { [kind]: text(ids) });
    const [one] = await write(model, [long]);
    if (one?.alignment) alignment = cells(long, [...one.ids.map((id) => text([id])), '(end)'], one.alignment);
    model.dispose();
  }
  return { runs, samples, alignment } as Comparison;
}

/** Where attention looked, by phoneme and letter. */
function cells({ spelling }: Word, sounds: readonly string[], a: readonly (readonly number[])[]) {
  return a.flatMap((row, t) =>
    [...spelling].map((letter, s) => ({
      phoneme: `${t + 1} ${sounds[t]}`,
      letter: `${s + 1} ${letter}`,
      weight: row[s]!,
    })),
  );
}

export interface Figures extends Comparison {
  readonly words: { all: number; training: number; heldOut: number; sounds: number };
}

async function run(length: 'short' | 'full'): Promise<Figures> {
  const full = length === 'full';
  await useBackend('cpu');
  const data = full ? words(1, 10_000, 1000) : words(1, 192, 20);
  const comparison = await compare(data, full ? 5 : 1, full ? units : { attention: 8, 'no attention': 10 });
  const { all, names, training, heldOut } = data;
  return {
    words: { all, training: training.length, heldOut: heldOut.length, sounds: names.length },
    ...comparison,
  };
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

export const tutorial: Tutorial<Figures> = {
  at: import.meta.url,
  run,
  tables: ({ words: count, runs, samples }) => ({
    words: table(
      ['words in the dictionary', 'to learn from', 'held out', 'different sounds'],
      [[count.all, count.training, count.heldOut, count.sounds].map((n) => n.toLocaleString('en'))],
    ),
    errors: table(
      ['model', 'weights', 'phoneme error rate, held out', 'with a beam of 5'],
      kinds.map((kind) => {
        const { weights, curve, beam5 } = runs[kind];
        return [kind, weights.toLocaleString('en'), percent(curve.at(-1)!.phonemeErrorRate), percent(beam5)];
      }),
    ),
    samples: table(
      ['spelling', 'in the dictionary', 'attention', 'no attention'],
      samples.map((s) => [s.spelling, s.wanted, s.attention, s['no attention']]),
    ),
  }),
  charts: (figures) => ({ attention: chart(figures) }),
};
