import { GatewiseError } from '@gatewise/core';
import {
  type BatchContext,
  type Clock,
  definePlugin,
  type EpochContext,
  type Logs,
  type NamedTensors,
  type Plugin,
  type Texts,
  Tokens,
  type TrainContext,
  type UpdateStats,
} from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import type { Value } from './event.js';
import { type EventFile, openEventFile } from './event-file.js';
import { histogramOf } from './histogram.js';

export interface TensorboardOptions {
  /** Where event files go, one a run: `tensorboard --logdir` takes it or a folder above it. */
  readonly folder: string;
  /** Scalars of every n-th step; each waits on the device. Default 10. */
  readonly every?: number | undefined;
  /** Histograms of weights and gradients at every n-th step, which reads all of them; none when absent. */
  readonly histograms?: number | undefined;
}
interface Checked {
  readonly folder: string;
  readonly every: number;
  readonly histograms: number | undefined;
}
/** Events wait for this many bytes or milliseconds, an epoch's end or the run's. */
const BUNCH = 65_536;
const PAUSE = 1000;

function checked({ folder, every = 10, histograms }: TensorboardOptions): Checked {
  const refuse = (what: string) => new GatewiseError('GW_TENSORBOARD_OPTIONS', what);
  if (typeof folder !== 'string' || folder === '')
    throw refuse(`got folder "${folder}", wanted a path, such as runs/a`);
  for (const [name, n] of Object.entries({ every, histograms })) {
    if (n !== undefined && !(Number.isInteger(n) && n >= 1))
      throw refuse(`got ${name} ${n}, wanted a whole number of steps, 1 or more`);
  }
  return { folder, every, histograms };
}

/** The hooks of one run. */
function tensorboardHooks({ folder, every, histograms }: Checked, texts: Texts, clock: Clock) {
  let file: EventFile | undefined;
  let flushed = clock.elapsed();
  let written = 0;
  const add = (step: number, values: readonly Value[]) =>
    file?.add({ wallTime: clock.now() / 1000, step, what: { values } });
  const flush = async () => {
    await file?.flush();
    flushed = clock.elapsed();
  };
  const addTexts = () => {
    for (const { name, step, text } of texts.all.slice(written))
      add(step, [{ tag: name, content: { text } }]);
    written = texts.all.length;
  };
  return {
    // what others report and write is there then
    order: 'post' as const,
    async onTrainBegin({ dryRun, step }: TrainContext) {
      if (dryRun) return;
      file = await openEventFile(folder, clock.now() / 1000);
      // a run that continues: steps of the one before that came after its checkpoint are done again
      if (step > 0) file.add({ wallTime: clock.now() / 1000, step, what: { restart: true } });
    },
    async beforeUpdate({ gradients }: UpdateStats, { step, weights }: BatchContext) {
      if (!file || histograms === undefined || step % histograms !== 0) return;
      const all = [...named('weights', weights), ...named('gradients', gradients)];
      add(step, await histogramsOf(all));
    },
    async onBatchEnd(ctx: BatchContext) {
      if (!file || ctx.step % every !== 0) return;
      add(ctx.step, scalars('', await ctx.logs()));
      if (file.waiting() >= BUNCH || clock.elapsed() - flushed >= PAUSE) await flush();
    },
    async onEpochEnd({ step, logs }: EpochContext) {
      add(step, scalars('epoch/', logs));
      addTexts();
      await flush();
    },
    async onTrainEnd() {
      addTexts();
      await flush();
    },
    async dispose() {
      await file?.close();
      file = undefined;
    },
  } satisfies Omit<Plugin, 'name'>;
}

const scalars = (prefix: string, logs: Logs): Value[] =>
  Object.entries(logs).map(([name, scalar]) => ({ tag: prefix + name, content: { scalar } }));

type Kept = readonly [tag: string, tensor: tf.Tensor];
/** Clones: what is handed over may go while others are read. */
const named = (group: string, tensors: NamedTensors): Kept[] =>
  Object.entries(tensors).map(([name, t]) => [`${group}/${name}`, tf.keep(tf.clone(t))]);

async function histogramsOf(tensors: readonly Kept[]): Promise<Value[]> {
  const values = await Promise.all(
    tensors.map(async ([tag, t]) => {
      const histogram = histogramOf(await t.data().finally(() => t.dispose()));
      return histogram && { tag, content: { histogram } };
    }),
  );
  return values.filter((value) => value !== undefined);
}

const plugin = definePlugin(
  'tensorboard',
  (options: Checked, texts: Texts, clock: Clock) => tensorboardHooks(options, texts, clock),
  [Tokens.Texts, Tokens.Clock],
);

/**
 * Event files for TensorBoard: every reported number as a scalar (those of an epoch under `epoch/`), histograms of weights and
 * gradients where asked for, and the texts of `sampler`. A run that continues writes a file of its own, which takes over from its
 * first step on. For Node. Errors: `GW_TENSORBOARD_OPTIONS`, `GW_TENSORBOARD_WRITE`.
 *
 * @example
 * tensorboard({ folder: 'runs/first', histograms: 100 }); // tensorboard --logdir runs
 */
export const tensorboard = (options: TensorboardOptions) => plugin(checked(options));
