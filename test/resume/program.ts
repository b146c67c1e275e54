import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { GatewiseError } from '@gatewise/core';
import { streams } from '@gatewise/data';
import { loadNative } from '@gatewise/engine-native';
import { loadWasm } from '@gatewise/engine-wasm';
import { installKernels } from '@gatewise/kernels';
import { lstm } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { definePlugin, type Json, type NamedTensors } from '@gatewise/plugin';
import { carried, train } from '@gatewise/trainer';
import '@tensorflow/tfjs-backend-cpu';
import { checkpoint } from '@gatewise/plugin-checkpoint';
import * as tf from '@tensorflow/tfjs-core';
import { input, layers, model as modelOf } from '@tensorflow/tfjs-layers';
import { dieAt } from './die.js';

/** A small run, for tests that kill it: `--folder F --engine native|wasm [--die N] [--steps N]`. */
const { values: given } = parseArgs({
  options: {
    folder: { type: 'string' },
    engine: { type: 'string' },
    die: { type: 'string' },
    steps: { type: 'string' },
  },
});
const folder = given.folder as string;

const loaded = given.engine === 'native' ? await loadNative() : await loadWasm();
if ('missing' in loaded) throw new GatewiseError('GW_TEST_ENGINE', loaded.missing.message);
await tf.setBackend('cpu');
installKernels();

const ids = Array.from({ length: 203 }, (_, i) => (i * i + 3 * i) % 11);

/** Reads ids [B,T] and its states, gives logits [B,T,11] and the states after. */
function network() {
  const x = input({ shape: [5], dtype: 'int32', name: 'ids' });
  const [h, c] = [input({ shape: [6], name: 'h0' }), input({ shape: [6], name: 'c0' })];
  const layer = lstm({
    ...{ units: 6, inputDim: 11, returnSequences: true, returnState: true, seed: 1, name: 'memory' },
  } as never);
  const [y, ...states] = layer.apply([x, h, c]) as [never, ...never[]];
  const logits = layers.dense({ units: 11, kernelInitializer: 'zeros', name: 'head' }).apply(y);
  return modelOf({ inputs: [x, h, c], outputs: [logits, ...states] as never[] });
}

/** Means of the weights, kept as tensors; they pull the gradients, so that a lost one shows in the weights. */
const means = definePlugin('means', () => {
  const kept: Record<string, tf.Variable> = {};
  return {
    onTrainBegin({ weights }) {
      for (const [name, w] of Object.entries(weights)) {
        kept[name]?.dispose();
        kept[name] = tf.tidy(() => tf.variable(w.clone(), false));
      }
    },
    transformGradients: (gradients, { weights }) =>
      Object.fromEntries(
        Object.entries(gradients).map(([name, g]) => [
          name,
          tf.add(g, tf.mul(tf.sub(weights[name]!, kept[name]!), 0.01)),
        ]),
      ),
    onBatchEnd: ({ weights }) =>
      tf.tidy(() => {
        for (const [name, w] of Object.entries(weights))
          kept[name]!.assign(tf.add(tf.mul(kept[name]!, 0.9), tf.mul(w, 0.1)));
      }),
    saveTensors: (): NamedTensors => kept,
    loadTensors(saved) {
      for (const [name, t] of Object.entries(saved)) kept[name]!.assign(t);
    },
    dispose: () => tf.dispose(kept),
  };
});

/** A rate that falls when an epoch's loss does not, with noise from the plugin's own generator; dropout. */
const rates = definePlugin('rates', () => {
  let state = { rate: 0.02, best: 1e9, losses: [] as number[] };
  return {
    provideRegularisers: () => ({ recurrentDropout: 0.2, outputDropout: 0.1 }),
    provideLearningRate: ({ random }) => state.rate * (1 + 0.1 * random.normal()),
    onEpochBegin() {
      state = { ...state, losses: [] };
    },
    async onBatchEnd(ctx) {
      state.losses.push((await ctx.logs()).loss!);
    },
    onEpochEnd({ logs }) {
      const loss = logs.loss! + state.losses[0]!;
      state = {
        ...state,
        rate: state.rate * (loss < state.best ? 1 : 0.7),
        best: Math.min(loss, state.best),
      };
    },
    saveState: () => state as unknown as Json,
    loadState(json) {
      state = json as unknown as typeof state;
    },
  };
});

const events = dieAt(given.die === undefined ? Number.POSITIVE_INFINITY : Number(given.die));
const data = streams(ids, { batch: 4, time: 5, seed: 2 });
const optimizer = adam({
  learningRate: 0.02,
  groups: [{ weights: 'head/', learningRate: 0.01, beta2: 0.99 }],
});
const result = await train(carried(network(), { loss: 'softmaxCrossEntropy' }), data, {
  epochs: 1000,
  steps: Number(given.steps ?? 40),
  optimizer,
  seed: 7,
  validation: streams(ids.slice(0, 60), { batch: 2, time: 5 }),
  interruptible: false,
  plugins: [means({}), rates({}), events, checkpoint({ folder, everySteps: 3, resume: true })],
});
writeFileSync(join(folder, 'result.json'), JSON.stringify({ history: result.history, steps: result.steps }));
