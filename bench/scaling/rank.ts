import { writeFileSync } from 'node:fs';
import { useBackend } from '@gatewise/backends';
import { lstm } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { type Batch, type Communicator, definePlugin, Tokens } from '@gatewise/plugin';
import { distributedMpi } from '@gatewise/plugin-distributed-mpi';
import { train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';

/** What one rank does, as JSON on its command line. */
export interface Work {
  readonly B: number;
  readonly T: number;
  readonly I: number;
  readonly H: number;
  readonly steps: number;
  /** Bytes of all-reduces to time; none where empty. */
  readonly bytes: readonly number[];
  readonly file: string;
}
/** What rank 0 found; times in ms. */
export interface Found {
  readonly ranks: number;
  /** Medians over steps but the first, and each step. */
  readonly stepMs: number;
  readonly steps: readonly number[];
  readonly gradientBytes: number;
  readonly allReduces: readonly { readonly bytes: number; readonly ms: number }[];
  /** Of a byte, copied with a factor and copied back. */
  readonly copyMs: number;
  /** Of a byte that is added to another. */
  readonly addMs: number;
  readonly losses: readonly number[];
  readonly checksum: number;
}

const CLASSES = 80;
const { B, T, I, H, steps, bytes, file } = JSON.parse(process.argv[2] as string) as Work;
const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** The fastest of some: what others on the machine take is no part of it. */
function best(times: number, body: () => void): number {
  const ms = Array.from({ length: times }, () => {
    const began = performance.now();
    body();
    return performance.now() - began;
  });
  return Math.min(...ms);
}

/** Loops as those of the trainer and of MPI, over 4 MB. */
function copies(): { copyMs: number; addMs: number } {
  const n = 1 << 20;
  const [a, b] = [new Float32Array(n).fill(1), new Float32Array(n)];
  const pack = best(9, () => {
    for (let i = 0; i < n; i++) b[i] = (a[i] as number) * 0.5;
  });
  const unpack = best(9, () => void b.slice());
  const add = best(9, () => {
    for (let i = 0; i < n; i++) b[i] = (b[i] as number) + (a[i] as number);
  });
  return { copyMs: (pack + unpack) / (4 * n), addMs: add / (4 * n) };
}

async function timeReductions(communicator: Communicator): Promise<{ bytes: number; ms: number }[]> {
  const found: { bytes: number; ms: number }[] = [];
  for (const size of bytes) {
    const values = new Float32Array(size / 4).fill(1);
    const ms: number[] = [];
    for (let k = 0; k < 30; k++) {
      await communicator.barrier();
      const began = performance.now();
      await communicator.allReduce(values);
      ms.push(performance.now() - began);
    }
    found.push({ bytes: size, ms: median(ms) });
  }
  return found;
}

await useBackend('cpu');
const layer = lstm({ units: H, inputShape: [T, I], returnSequences: true, seed: 1 });
const model = tf.sequential({
  layers: [
    layer,
    tf.layers.dense({ units: CLASSES, kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }) }),
  ],
});
const x = Float32Array.from({ length: B * T * I }, (_, i) => Math.sin(i * 0.37));
const y = Int32Array.from({ length: B * T }, (_, i) => (i * 7) % CLASSES);
const batches = Object.assign(
  function* (): Generator<Batch> {
    for (let k = 0; k < steps; k++)
      yield { x: tf.tensor3d(x, [B, T, I]), y: tf.tensor2d(y, [B, T], 'int32') };
  },
  { steps },
);

const ends: number[] = [];
const losses: number[] = [];
let allReduces: { bytes: number; ms: number }[] = [];
let ranks = 1;
let rank = 0;
const measure = definePlugin(
  'measure',
  (_: object, communicator: Communicator) => ({
    async onTrainBegin() {
      ({ rank, size: ranks } = communicator);
      allReduces = ranks > 1 ? await timeReductions(communicator) : [];
    },
    async onBatchEnd(ctx) {
      losses.push((await ctx.logs()).loss as number);
      ends.push(performance.now());
    },
  }),
  [Tokens.Communicator],
);
const options = { epochs: 1, loss: 'softmaxCrossEntropy', optimizer: adam({ learningRate: 1e-3 }) } as const;
await train(model, batches, { ...options, plugins: [distributedMpi(), measure({})] });

if (rank === 0) {
  const each = ends.slice(1).map((end, i) => end - (ends[i] as number));
  const values = (await Promise.all(model.getWeights().map((w) => w.data()))) as Float32Array[];
  const found: Found = {
    ...{ ranks, stepMs: median(each.slice(1)), steps: each, allReduces, losses, ...copies() },
    gradientBytes: 4 * values.reduce((n, { length }) => n + length, 0),
    checksum: values.reduce((sum, w) => sum + w.reduce((s, v) => s + Math.abs(v), 0), 0),
  };
  writeFileSync(file, JSON.stringify(found));
}
