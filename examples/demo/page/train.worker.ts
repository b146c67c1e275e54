import { useBackend } from '@gatewise/backends';
import { draw, GatewiseError, random } from '@gatewise/core';
import { split, type Vocabulary, vocabulary, windows } from '@gatewise/data';
import { recurrent } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { definePlugin, type Logger, memoryStore, type Store, Tokens } from '@gatewise/plugin';
import { checkpoint } from '@gatewise/plugin-checkpoint';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import { gradientFlow } from '@gatewise/plugin-gradient-flow';
import { serveTraining, type TrainingPort } from '@gatewise/trainer-worker';
import { initializers, type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { Container } from 'inversify';
import { type Network, partsOf } from './network.js';
import { Reader } from './reader.js';
import type { NamedFile, TrainingMessage, TrainingOptions, TrainingValue } from './training.js';

const unknown = '\ufffd';
const folder = 'checkpoint';
const [BATCH, TIME, SAMPLE, SHORTEST] = [16, 40, 160, 200];
type Send = (message: TrainingMessage) => void;

/** Two parts of a text as ids, in windows; the last tenth is held out. Errors: `GW_DEMO_TEXT`. */
function batchesOf({ text, seed }: TrainingOptions) {
  if (text.length < SHORTEST) {
    throw new GatewiseError(
      'GW_DEMO_TEXT',
      `got a text of ${text.length} characters, wanted at least ${SHORTEST} to learn from`,
    );
  }
  const parts = split(text, { heldOut: 0.1 });
  const symbols = vocabulary(parts.train, { unknown });
  const time = Math.min(TIME, [...parts.heldOut].length - 1);
  const sizes = { batch: BATCH, time };
  return {
    symbols,
    train: windows(symbols.encode(parts.train), { ...sizes, stride: Math.ceil(time / 3), seed }),
    heldOut: windows(symbols.encode(parts.heldOut), sizes),
  };
}

/** Ids [B,T] to logits [B,T,V]. */
function characterModel({ cell, units, seed }: TrainingOptions, V: number): LayersModel {
  const kernelInitializer = initializers.glorotUniform({ seed });
  return sequential({
    layers: [
      recurrent({ cell, units, inputDim: V, returnSequences: true, seed, name: 'recurrent' }),
      layers.dense({ units: V, kernelInitializer, name: 'head' }),
    ],
  });
}

interface Live {
  readonly send: Send;
  readonly every: number;
  readonly write: () => Promise<string>;
}

/** Lets the page see what the network writes, and how it does on the held-out part. */
const live = definePlugin('live', ({ send, every, write }: Live) => ({
  async onBatchEnd({ step }) {
    if (step % every === 0) send({ type: 'sample', step, text: await write() });
  },
  onValidationEnd({ step, logs }) {
    send({ type: 'heldOut', step, loss: logs.valLoss! });
  },
}));

/** Writes from the first characters of the text on; the same weights write the same. */
async function sample(network: Network, text: string): Promise<string> {
  const reader = new Reader(network);
  const stream = random(1);
  const written = [...network.vocabulary.encode([...text].slice(0, 8).join(''))];
  for (const id of written) await reader.push(id);
  while (written.length < SAMPLE) {
    const id = draw(reader.place.logits, { temperature: 0.5 }, stream);
    written.push(id);
    await reader.push(id);
  }
  reader.dispose();
  return network.vocabulary.decode(written);
}

/** Services of the run: its checkpoints lie in memory, what plugins say goes to the page. */
function servicesOf(send: Send, store: Store): Container {
  const container = new Container();
  container.bind<Store>(Tokens.Store).toConstantValue(store);
  const warn = (text: string) => send({ type: 'note', text });
  container.bind<Logger>(Tokens.Logger).toConstantValue({ info: () => {}, warn });
  return container;
}

async function filesOf(store: Store): Promise<NamedFile[]> {
  const names = await store.list(folder);
  return Promise.all(names.map(async (name) => [name, (await store.read(`${folder}/${name}`))!] as const));
}

async function trainRun(
  options: TrainingOptions,
  port: TrainingPort,
  { model, symbols, store }: { model: LayersModel; symbols: Vocabulary; store: Store },
): Promise<void> {
  const send: Send = (message) => port.send(message);
  const { train, heldOut } = batchesOf(options);
  const network: Network = { ...partsOf(model), vocabulary: symbols };
  const optimizer = adam({ learningRate: 1e-2 });
  await port.train(model, train, {
    ...{ loss: 'softmaxCrossEntropy', optimizer, seed: options.seed },
    ...{ epochs: Number.POSITIVE_INFINITY, steps: options.steps },
    ...{ validation: heldOut, validateEvery: { steps: 50 } },
    container: servicesOf(send, store),
    plugins: [
      clipByGlobalNorm({ maxNorm: 1 }),
      gradientFlow({
        every: 20,
        onRecord: ({ step, state, norms }) => send({ type: 'flow', step, state, norms }),
      }),
      live({ send, every: 50, write: () => sample(network, options.text) }),
      checkpoint({ folder, keepLast: 1, keepBest: 0, resume: true }),
    ],
  });
  optimizer.dispose();
}

serveTraining<TrainingOptions>(async ({ options, port }): Promise<TrainingValue> => {
  const { driver, engine, name } = await useBackend(options.backend, { wasmPaths: options.wasmPaths });
  port.send({ type: 'runs', on: `${name} (${driver}), the engine ${engine}` } satisfies TrainingMessage);
  const { symbols } = batchesOf(options);
  const store = memoryStore();
  for (const [file, bytes] of options.checkpoint) await store.write(`${folder}/${file}`, bytes);
  const model = characterModel(options, symbols.size);
  await trainRun(options, port, { model, symbols, store });
  return { symbols: symbols.symbols, unknown, checkpoint: await filesOf(store) };
});
