import { type BackendInfo, useBackend } from '@gatewise/backends';
import { lstm } from '@gatewise/cells';
import { recur } from '@gatewise/recurrence';
import { countGpuCommands } from '@gatewise/testing';
import * as tf from '@tensorflow/tfjs';

export type GpuBackend = 'webgl' | 'webgpu';
export interface Size {
  readonly B: number;
  readonly T: number;
  readonly I: number;
  readonly H: number;
}

/** One subject: milliseconds until the result is there, and until the call comes back; draws or dispatches of one run. */
export interface Figures {
  readonly ms: readonly number[];
  readonly enqueueMs: readonly number[];
  readonly count: number;
}
/** The engine beside tf.layers on the same backend, forward alone and with the gradients of W, R and b. */
export interface PageResult {
  readonly driver: string;
  readonly engine: string;
  readonly kinds: Readonly<
    Record<'forward' | 'training', { readonly engine: Figures; readonly layers: Figures }>
  >;
  /** Largest difference of the two, as a part of the largest entry: of y, and of the gradients. */
  readonly difference: Readonly<Record<'forward' | 'training', number>>;
}

/** Gives tensors whose data mean that everything has run. */
type Run = () => tf.Tensor[];

function makeRuns({ B, T, I, H }: Size): Record<'forward' | 'training', { engine: Run; layers: Run }> {
  const x = tf.randomNormal([B, T, I], 0, 1, 'float32', 1);
  const dy = tf.randomNormal([B, T, H], 0, 1, 'float32', 2);
  const layer = tf.layers.lstm({
    ...{ units: H, returnSequences: true, recurrentActivation: 'sigmoid' },
    ...{ kernelInitializer: 'glorotNormal', recurrentInitializer: 'glorotNormal' },
  });
  // not build(): a later apply() would build its cell again, and refuse
  tf.dispose(layer.apply(tf.zeros([1, 1, I])) as tf.Tensor);
  const layersForward = () => layer.apply(x) as tf.Tensor;
  // the same order of gates: i f c o
  const [W, R, b] = layer.weights.map((weight) => tf.variable(weight.read()));
  const engineForward = () => recur(lstm, { x, W: W!, R: R!, b: b! }).y;
  const variables = layer.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const gradients = (forward: () => tf.Tensor, by: tf.Variable[]) => () =>
    tf.tidy(() => {
      const { grads } = tf.variableGrads(() => tf.sum(tf.mul(forward(), dy)) as tf.Scalar, by);
      return by.map(({ name }) => grads[name]!);
    });
  return {
    forward: {
      engine: () => tf.tidy(() => [engineForward()]),
      layers: () => tf.tidy(() => [layersForward()]),
    },
    training: {
      engine: gradients(engineForward, [W!, R!, b!]),
      layers: gradients(layersForward, variables),
    },
  };
}

/** Waits for all of them by their first number: reading everything would be measured too. */
async function finish(results: readonly tf.Tensor[]): Promise<void> {
  for (const result of results) {
    const first = tf.tidy(() => tf.slice(tf.reshape(result, [-1]), 0, 1));
    await first.data();
    first.dispose();
  }
  tf.dispose(results as tf.Tensor[]);
}

async function difference(a: Run, b: Run): Promise<number> {
  const [got, wanted] = [a(), b()];
  let worst = 0;
  for (const [k, tensor] of got.entries()) {
    const [g, w] = [await tensor.data(), await wanted[k]!.data()];
    let [off, largest] = [0, 0];
    for (let i = 0; i < w.length; i++) {
      off = Math.max(off, Math.abs(g[i]! - w[i]!));
      largest = Math.max(largest, Math.abs(w[i]!));
    }
    worst = Math.max(worst, off / largest);
  }
  tf.dispose([got, wanted]);
  return worst;
}

/** In turns: what the machine does beside meets both. */
async function measure(runs: Record<'engine' | 'layers', Run>, rounds: number) {
  const names = ['engine', 'layers'] as const;
  const figures = Object.fromEntries(
    names.map((name) => [name, { ms: [] as number[], enqueueMs: [] as number[], count: 0 }]),
  ) as Record<'engine' | 'layers', { ms: number[]; enqueueMs: number[]; count: number }>;
  for (const name of names) {
    await finish(runs[name]()); // compiles
    let results: tf.Tensor[] = [];
    figures[name].count = countGpuCommands(() => {
      results = runs[name]();
    });
    await finish(results);
  }
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const start = performance.now();
      const results = runs[name]();
      figures[name].enqueueMs.push(performance.now() - start);
      await finish(results);
      figures[name].ms.push(performance.now() - start);
    }
  }
  return figures;
}

async function measureAll(backend: GpuBackend, size: Size, rounds: number): Promise<PageResult> {
  const info: BackendInfo = await useBackend(backend);
  const runs = makeRuns(size);
  const off = {
    forward: await difference(runs.forward.engine, runs.forward.layers),
    training: await difference(runs.training.engine, runs.training.layers),
  };
  const kinds = {
    forward: await measure(runs.forward, rounds),
    training: await measure(runs.training, rounds),
  };
  return { driver: info.driver, engine: info.engine, kinds, difference: off };
}

declare global {
  interface Window {
    measureAll: typeof measureAll;
  }
}
window.measureAll = measureAll;
