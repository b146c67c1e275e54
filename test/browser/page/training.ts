import { gru, lstm } from '@gatewise/layers';
import { definePlugin } from '@gatewise/plugin';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import type { Runner } from '@gatewise/testing';
import { train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { ContainerModule, type ServiceIdentifier } from 'inversify';
import { backend, wasmMemory } from './backend.js';

const steps = 30;

/** Training as an application does it: on the wasm backend, with the engine that `useBackend` chose. */
export function trainingSuite({ describe, it }: Runner): void {
  describe('training on wasm', () => {
    it('numbers in: the loss falls, and no memory is lost', learnsNumbers);
    it('the same in a worker', inWorker);
    it('an embedding of ids: the loss falls, and no memory is lost', () =>
      learns(words, [
        tf.layers.embedding({ inputDim: 5, outputDim: 4, inputLength: 6 }),
        gru({ units: 8 }),
        tf.layers.dense({ units: 2 }),
      ]));
    it('the gradient of an embedding is that of the cpu backend', async () => {
      const wanted = await embeddingGradient('cpu');
      const got = await embeddingGradient('wasm');
      const off = got.map((v, i) => Math.abs(v - wanted[i]!));
      if (got.length !== wanted.length || !off.every((d) => d <= 1e-6)) {
        throw new Error(`got ${got}, wanted ${wanted}`);
      }
    });
  });
}

export const learnsNumbers = (): Promise<void> =>
  learns(numbers, [lstm({ units: 8, inputShape: [6, 1] }), tf.layers.dense({ units: 2 })]);

function inWorker(): Promise<void> {
  const worker = new Worker('/worker.js', { type: 'module' });
  const ended = new Promise<void>((done, fail) => {
    worker.onmessage = ({ data }) => (data === null ? done() : fail(new Error(data)));
    worker.onerror = ({ message }) => fail(new Error(message));
  });
  return ended.finally(() => worker.terminate());
}

/** A service made anew for each that injects it: inversify would write code for that, which a policy forbids. */
const Steps = Symbol('Steps') as ServiceIdentifier<{ count: number }>;
const services = new ContainerModule(({ bind }) => {
  bind(Steps)
    .toResolvedValue(() => ({ count: 0 }), [])
    .inTransientScope();
});
const counter = definePlugin(
  'counter',
  (_: object, steps: { count: number }) => ({
    onBatchEnd: () => {
      steps.count++;
    },
    saveState: () => steps.count,
  }),
  [Steps],
);

type Batch = (seed: number) => { x: tf.Tensor; y: tf.Tensor };

/** Is the sum of 6 numbers positive? */
const numbers: Batch = (seed) =>
  tf.tidy(() => {
    const x = tf.randomNormal([16, 6, 1], 0, 1, 'float32', seed);
    return { x, y: tf.cast(tf.reshape(tf.greater(tf.sum(x, 1), 0), [16]), 'int32') };
  });

/** Is the last of 6 ids one of the first two of five? */
const words: Batch = (seed) =>
  tf.tidy(() => {
    const x = tf.cast(tf.floor(tf.randomUniform([16, 6], 0, 5, 'float32', seed)), 'int32');
    return { x, y: tf.cast(tf.reshape(tf.less(tf.slice(x, [0, 5], [16, 1]), 2), [16]), 'int32') };
  });

async function learns(batch: Batch, layers: tf.layers.Layer[]): Promise<void> {
  await backend('wasm');
  const model = tf.sequential({ layers });
  const optimizer = tf.train.adam(0.03);
  const pass = async () => {
    const { history } = await train(model, () => batches(batch), {
      loss: 'softmaxCrossEntropy',
      optimizer,
      epochs: 2,
      seed: 1,
      plugins: [clipByGlobalNorm({ maxNorm: 1 }), services, counter({})],
    });
    return history.map(({ loss }) => loss!);
  };
  const [first] = await pass();
  const before = held();
  const last = (await pass()).at(-1);
  const after = held();
  model.dispose();
  optimizer.dispose();
  if (!(last! < 0.6 * first!))
    throw new Error(`got loss ${first}, then ${last}, wanted it to fall below 0.6 of it`);
  if (after !== before)
    throw new Error(`got ${after} after a second run, ${before} before it, wanted the same`);
}

function* batches(batch: Batch) {
  for (let seed = 1; seed <= steps; seed++) yield batch(seed);
}

/** What tf.js holds, and the size of the wasm backend's memory, which grows where an engine forgets to free. */
function held(): string {
  const { numTensors, numBytes } = tf.memory();
  return `${numTensors} tensors, ${numBytes} bytes, a memory of ${wasmMemory().byteLength} bytes`;
}

/** d Σ E[ids] ⊗ w by E, where some ids come twice and one never. */
async function embeddingGradient(on: 'cpu' | 'wasm'): Promise<number[]> {
  await backend(on);
  const gradient = tf.tidy(() => {
    const ids = tf.tensor1d([3, 0, 3, 1, 3, 0], 'int32');
    const w = tf.randomNormal([6, 4], 0, 1, 'float32', 7);
    return tf.grad((E) => tf.sum(tf.mul(tf.gather(E, ids), w)))(tf.ones([5, 4]));
  });
  const values = await gradient.data();
  gradient.dispose();
  return [...values];
}
