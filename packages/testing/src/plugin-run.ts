import { lstm } from '@gatewise/layers';
import {
  type Batch,
  definePlugin,
  type Json,
  type Plugin,
  type PluginModule,
  Tokens,
} from '@gatewise/plugin';
import { type Batches, type PluginList, type TrainResult, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { ContainerModule } from 'inversify';

/** What a small run with a plugin shows. */
export interface PluginRun {
  readonly plugin: Plugin;
  readonly result: TrainResult | Error;
  /** What `saveState` gave at the end of training. */
  readonly state: Json | undefined;
  /** How often the trainer disposed of the plugin. */
  readonly disposed: number;
  /** Tensors alive at the start of every step, by epoch. */
  readonly alive: readonly (readonly number[])[];
  /** The weights after training. */
  readonly weights: readonly number[];
}
export interface PluginRunOptions {
  /** Another plugin of the run. */
  readonly beside?: PluginModule;
  /** The data ends with an error at this batch of the first epoch. */
  readonly failAt?: number;
}
const EPOCHS = 3;
const BATCHES = 3;

/** Trains an LSTM of 3 units and a head on 9 small batches, with the plugin; leaves nothing behind but what it leaks. */
export async function runWith(module: PluginModule, options: PluginRunOptions = {}): Promise<PluginRun> {
  const alive: number[][] = [];
  let seen: Plugin | undefined;
  let state: Json | undefined;
  let disposed = 0;
  const spy = new ContainerModule(({ onActivation }) => {
    onActivation(Tokens.Plugin, (_, plugin) => {
      if (plugin.name === watcher || plugin.name === 'kept-run') return plugin;
      seen = plugin;
      const { dispose } = plugin;
      if (dispose) {
        plugin.dispose = () => {
          disposed++;
          return dispose.call(plugin);
        };
      }
      return plugin;
    });
  });
  const watch = definePlugin(watcher, () => ({
    order: 'post' as const,
    onBatchBegin: ({ epoch }) => {
      alive[epoch] ??= [];
      alive[epoch].push(tf.memory().numTensors);
    },
    onTrainEnd: () => {
      state = seen?.saveState?.();
    },
  }));
  const { result, weights } = await trainSmall([module, spy, watch({}), options.beside], options.failAt);
  return { plugin: seen!, result, state, disposed, alive, weights };
}
const watcher = 'suite-watcher';

async function trainSmall(plugins: PluginList, failAt?: number) {
  const model = sequential({
    layers: [
      lstm({ units: 3, inputShape: [null, 2], returnSequences: true, seed: 1, name: 'memory' }),
      layers.dense({ units: 2, kernelInitializer: 'zeros', name: 'head' }),
    ],
  });
  const optimizer = tf.train.sgd(0.1);
  const result = await train(model, batches(failAt), {
    ...{ loss: 'meanSquaredError', epochs: EPOCHS, optimizer, plugins, seed: 5 },
    validation: () => [batch(BATCHES)],
  }).catch((error: Error) => error);
  const weights: number[] = [];
  for (const w of model.getWeights()) weights.push(...(await w.data()));
  tf.dispose(model.weights.map((w) => w.read()));
  optimizer.dispose();
  return { result, weights };
}

function batches(failAt?: number): Batches {
  return function* () {
    for (let n = 0; n < BATCHES; n++) {
      if (n === failAt) throw new Error('the data ends here, as the suite wants it to');
      yield batch(n);
    }
  };
}

/** Batch n: x [2,4,2], y [2,4,2]. */
function batch(n: number): Batch {
  const wave = (shift: number) => Float32Array.from({ length: 16 }, (_, i) => Math.sin(i + 3 * n + shift));
  return { x: tf.tensor3d(wave(0), [2, 4, 2]), y: tf.tensor3d(wave(1), [2, 4, 2]) };
}
