import { useBackend } from '@gatewise/backends';
import { batches, ragged, streams } from '@gatewise/data';
import { lstm } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { definePlugin, type Logs, type PluginModule } from '@gatewise/plugin';
import { accumulate } from '@gatewise/plugin-accumulate';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import { type Batches, carried, type TrainOptions, type TrainResult, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';

/** What a run leaves: the same on one process as on any number of ranks. */
export interface Outcome {
  readonly weights: number[][];
  readonly history: readonly Logs[];
  readonly reason: string;
  readonly steps: number;
  /** Numbers of single steps, and rows that the model was shown. */
  readonly losses: number[];
  /** Tensors that it left behind. */
  readonly left: number;
}
export type Extra = Partial<TrainOptions> & { readonly plugins?: readonly PluginModule[] };

const SIZE = { B: 8, T: 6, I: 3, H: 5, C: 4 };
const { B, T, I, H, C } = SIZE;

/** Numbers that look random and are not. */
const wave = (n: number, k: number) => Array.from({ length: n }, (_, i) => Math.sin(i * k + (i % 7)));

const sequences = () =>
  Array.from({ length: 80 }, (_, n) =>
    Array.from({ length: T }, (_, t) => wave(I, 0.7 + n * 0.13 + t * 0.31)),
  );
const labels = Array.from({ length: 80 }, (_, n) => n % C);

/** Ten shuffled batches of eight rows. */
const plain = (): Batches => batches({ x: sequences(), y: labels }, { batch: B, seed: 3 });

/** Rows of unlike lengths, so that ranks have unlike numbers of targets. */
const uneven = (): Batches => {
  const x = sequences().map((rows, n) => rows.slice(0, 1 + (n % T)));
  const y = x.map((rows, n) => Int32Array.from(rows, (_, t) => (n + t) % C));
  return ragged({ x, y, perStep: true }, { batch: B, seed: 3, pool: 2 });
};

const text = Array.from({ length: 8 * 41 }, (_, i) => (i * i + 3 * i) % C);

/** One sequence to one class, or to one at each step. Initial weights without a seed: those of rank 0 count. */
function classifier(each: boolean, seed?: number): tf.LayersModel {
  const given = { returnSequences: each, ...(seed !== undefined && { seed }) };
  return tf.sequential({
    layers: [
      lstm({ units: H, inputShape: [each ? null : T, I], ...given } as never),
      tf.layers.dense({
        units: C,
        ...(seed !== undefined && { kernelInitializer: tf.initializers.glorotUniform({ seed }) }),
      }),
    ],
  });
}

function memory() {
  const x = tf.input({ shape: [5], dtype: 'int32' });
  const [h, c] = [tf.input({ shape: [H] }), tf.input({ shape: [H] })];
  const layer = lstm({ units: H, inputDim: C, returnSequences: true, returnState: true, seed: 1 } as never);
  const [y, ...states] = layer.apply([x, h, c]) as [never, ...never[]];
  const logits = tf.layers.dense({ units: C, kernelInitializer: 'zeros' }).apply(y);
  return tf.model({ inputs: [x, h, c], outputs: [logits, ...states] as never[] });
}

/** Notes the loss of every step. */
const noting = (losses: number[]) =>
  definePlugin('noting', () => ({
    async onBatchEnd(ctx) {
      losses.push((await ctx.logs()).loss as number);
    },
  }))({});

async function run(
  model: tf.LayersModel,
  of: 'model' | 'carried',
  source: Batches,
  more: Extra,
  rate = 0.02,
): Promise<Outcome> {
  const optimizer = adam({ learningRate: rate });
  const losses: number[] = [];
  const before = tf.memory().numTensors;
  const { plugins = [], ...options } = more;
  const loss = 'softmaxCrossEntropy';
  const trainee = of === 'carried' ? carried(model, { loss }) : model;
  const all = {
    ...{ epochs: 5, optimizer, ...(of === 'model' && { loss }), metrics: ['accuracy'] },
    ...options,
    plugins: [...plugins, clipByGlobalNorm({ maxNorm: 0.5 }), noting(losses)],
  } as TrainOptions;
  let result: TrainResult;
  try {
    result = await train(trainee as never, source, all);
  } finally {
    optimizer.dispose();
  }
  const weights = await Promise.all(model.getWeights().map(async (w) => [...(await w.data())]));
  const { history, reason, steps } = result;
  const left = tf.memory().numTensors - before;
  model.dispose();
  return { weights, history, reason, steps, losses, left };
}

/** Runs by name, each with what is given besides; `seed` of the initial weights. */
export const runs: Readonly<Record<string, (more?: Extra, seed?: number) => Promise<Outcome>>> = {
  plain: (more = {}, seed = 1) =>
    run(classifier(false, seed), 'model', plain(), { validation: plain(), ...more }),
  uneven: (more = {}, seed = 1) => run(classifier(true, seed), 'model', uneven(), more),
  accumulated: (more = {}, seed = 1) =>
    run(classifier(true, seed), 'model', uneven(), {
      ...more,
      plugins: [...(more.plugins ?? []), accumulate({ batches: 2 })],
    }),
  carried: (more = {}) =>
    run(memory(), 'carried', streams(Int32Array.from(text), { batch: B, time: 5 }), more),
};

/** The largest difference between two runs' weights. */
export const difference = (a: Outcome, b: Outcome): number =>
  Math.max(...a.weights.flatMap((w, i) => w.map((v, j) => Math.abs(v - (b.weights[i]?.[j] ?? Number.NaN)))));

export const start = () => useBackend('cpu');

/** A run on batches [rows,6,3] that are given. */
export const classified = (source: Batches, more: Extra): Promise<Outcome> =>
  run(classifier(false, 1), 'model', source, { epochs: 2, ...more });
