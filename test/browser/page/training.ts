import { gru, lstm } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { definePlugin } from '@gatewise/plugin';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import type { Runner } from '@gatewise/testing';
import { train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { ContainerModule, type ServiceIdentifier } from 'inversify';
import { backend, type PageBackend, wasmMemory } from './backend.js';

const steps = 20;

/** Training as an application does it, with the engine that `useBackend` chose. */
export function trainingSuite({ describe, it }: Runner): void {
  for (const on of ['wasm', 'cpu'] as const) {
    describe(`training on ${on}`, () => {
      it('numbers in: the loss falls, and no memory is lost', () => learnsNumbers(on));
      it('an embedding of ids: the loss falls, and no memory is lost', () => learnsWords(on));
      it('the same in a worker', () => inWorker(on));
    });
  }
  it('the gradient of an embedding on wasm is that on cpu', async () => {
    const wanted = await embeddingGradient('cpu');
    const got = await embeddingGradient('wasm');
    const off = got.map((v, i) => Math.abs(v - wanted[i]!));
    if (got.length !== wanted.length || !off.every((d) => d <= 1e-6)) {
      throw new Error(`got ${got}, wanted ${wanted}`);
    }
  });
}

const uniform = () => tf.initializers.randomUniform({ minval: -0.3, maxval: 0.3, seed: 1 });
const dense = () => tf.layers.dense({ units: 2, kernelInitializer: uniform() });

export const learnsNumbers = (on: PageBackend): Promise<void> =>
  learns(on, numbers, [lstm({ units: 8, seed: 1, inputShape: [6, 1] }), dense()]);

export const learnsWords = (on: PageBackend): Promise<void> =>
  learns(on, words, [
    tf.layers.embedding({ inputDim: 5, outputDim: 4, inputLength: 6, embeddingsInitializer: uniform() }),
    gru({ units: 8, seed: 1 }),
    dense(),
  ]);

export function inWorker(on: PageBackend): Promise<void> {
  const worker = new Worker(`/worker.js?${on}`, { type: 'module' });
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

async function learns(on: PageBackend, batch: Batch, layers: tf.layers.Layer[]): Promise<void> {
  await backend(on);
  const model = tf.sequential({ layers });
  const optimizer = adam({ learningRate: 0.03 });
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
  const before = held(on);
  const last = (await pass()).at(-1);
  const after = held(on);
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
function held(on: PageBackend): string {
  const { numTensors, numBytes } = tf.memory();
  const size = on === 'wasm' ? wasmMemory().byteLength : 0;
  return `${numTensors} tensors, ${numBytes} bytes, a memory of ${size} bytes`;
}

/** d Σ E[ids] ⊗ w by E, where some ids come twice and one never. */
async function embeddingGradient(on: PageBackend): Promise<number[]> {
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
