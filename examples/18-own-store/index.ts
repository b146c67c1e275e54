import { pathToFileURL } from 'node:url';
import { useBackend } from '@gatewise/backends';
import { batches } from '@gatewise/data';
import { gru } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { fileStore, type PluginModule, type Store, Tokens } from '@gatewise/plugin';
import { checkpoint } from '@gatewise/plugin-checkpoint';
import { type TrainResult, train } from '@gatewise/trainer';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { Container } from 'inversify';
import { gzipStore } from './gzip-store.js';

export interface RunOptions {
  readonly folder: string;
  readonly epochs: number;
  /** Where the packed files lie. */
  readonly store: Store;
  readonly plugins?: readonly PluginModule[];
}

/** Is the sum of 6 numbers positive? Trains a small network, and goes on where it was when it is called again. */
export async function run({ folder, epochs, store, plugins = [] }: RunOptions): Promise<TrainResult> {
  await useBackend('cpu');
  const container = new Container();
  container.bind(Tokens.Store).toConstantValue(gzipStore(store));
  const rows = Array.from({ length: 64 }, (_, n) =>
    Array.from({ length: 6 }, (_, t) => [Math.sin(n * 7 + t * t)]),
  );
  const y = Int32Array.from(rows, (row) => Number(row.flat().reduce((a, b) => a + b, 0) > 0));
  const model = sequential({
    layers: [
      gru({ units: 4, inputShape: [6, 1], seed: 1, name: 'memory' }),
      layers.dense({ units: 2, kernelInitializer: 'zeros', name: 'head' }),
    ],
  });
  const optimizer = adam({ learningRate: 0.02 });
  const result = await train(model, batches({ x: rows, y }, { batch: 16, seed: 1 }), {
    loss: 'softmaxCrossEntropy',
    optimizer,
    epochs,
    container,
    plugins: [...plugins, checkpoint({ folder, resume: true })],
  });
  optimizer.dispose();
  model.dispose();
  return result;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const folder = process.argv[2] ?? 'runs/packed';
  const { epochs, history } = await run({ folder, epochs: 5, store: fileStore() });
  console.log(`${epochs} epochs; loss ${history.at(-1)?.loss?.toFixed(3)}; packed files in ${folder}`);
}
