import { writeFileSync } from 'node:fs';
import { random } from '@gatewise/core';
import { type Batch, definePlugin } from '@gatewise/plugin';
import { checkpoint } from '@gatewise/plugin-checkpoint';
import { distributedMpi } from '@gatewise/plugin-distributed-mpi';
import * as tf from '@tensorflow/tfjs';
import { classified, type Extra, type Outcome, runs, start } from './runs.js';

/** One rank: `program.ts TASK FILE [FOLDER]`; what came of it goes to `FILE.<rank>.json`. */
const [task = '', file = '', folder = ''] = process.argv.slice(2);
const rank = Number(process.env.OMPI_COMM_WORLD_RANK ?? process.env.PMI_RANK ?? 0);
const size = Number(process.env.OMPI_COMM_WORLD_SIZE ?? process.env.PMI_SIZE ?? 1);
const mpi = (options: Parameters<typeof distributedMpi>[0] = {}) =>
  distributedMpi({ timeout: 60, ...options });
const at = (step: number, who: number, what: () => void) =>
  definePlugin('at-step', () => ({
    onBatchEnd(ctx) {
      if (ctx.step === step && rank === who) what();
    },
  }))({});

/** All runs on all ranks; each rank begins with weights of its own, and all with those of rank 0. */
async function equal(): Promise<Record<string, Outcome>> {
  const plugins = [mpi({ bucketBytes: 256 })];
  const done: Record<string, Outcome> = {};
  for (const [name, run] of Object.entries(runs)) done[name] = await run({ plugins }, 1 + rank);
  done.again = await runs.plain!({ plugins: [mpi()] }, 1 + rank);
  done.local = await runs.plain!({ plugins: [mpi({ localSteps: 4 })] });
  const stop = definePlugin('stop', () => ({
    onBatchEnd: ({ step, stop }) => {
      if (step === 7 && rank === 1) stop('rank 1 has had enough');
    },
  }))({});
  done.stopped = await runs.plain!({ plugins: [mpi(), stop] });
  done.own = await runs.plain!({ plugins: [mpi({ data: 'own' })], validation: own(4) }, 1);
  return done;
}

/** Batches of a rank's own. */
const own = (count: number, rows = 4) =>
  function* (epoch: number): Generator<Batch> {
    const draw = random(epoch).fork(`rank ${rank}`);
    for (let i = 0; i < count; i++) {
      const x = tf.tensor3d(
        Float32Array.from({ length: rows * 18 }, () => draw.normal()),
        [rows, 6, 3],
      );
      yield {
        x,
        y: tf.tensor1d(
          Int32Array.from({ length: rows }, () => draw.int(4)),
          'int32',
        ),
      };
    }
  };

/** An option of a plugin that nobody can compare. */
const scaled = definePlugin('scaled', ({ by }: { by: number }) => ({ provideLearningRate: () => 0.01 * by }));

const lost = definePlugin('lost', () => ({
  onRestore() {
    throw new Error('no disk');
  },
}));

/** What is refused at the start, on every rank, with the error's message. */
async function refused(): Promise<Record<string, string>> {
  const one = rank === 1;
  const cases: Record<string, Extra & { batches?: number; rows?: number; share?: 'own' }> = {
    options: { epochs: one ? 3 : 2 },
    plugins: { plugins: one ? [checkpoint({ folder: `${folder}/x` })] : [] },
    unequal: { batches: one ? 2 : 3, share: 'own' },
    empty: { batches: one ? 0 : 3, share: 'own' },
    rows: { rows: one ? 3 : 4, share: 'own' },
    rest: { rows: 3 },
    few: { rows: 1 },
    restore: { plugins: [lost({})] },
    diverged: { plugins: [scaled({ by: one ? 2 : 1 })] },
  };
  const said: Record<string, string> = {};
  for (const [name, { batches = 3, rows = 4, share, plugins = [], ...more }] of Object.entries(cases)) {
    const work = mpi(share ? { data: share } : {});
    said[name] = await classified(own(batches, rows), { ...more, plugins: [work, ...plugins] }).then(
      () => 'nothing was refused',
      (error: Error) => error.message,
    );
  }
  return said;
}

const save = (resume: boolean) => checkpoint({ folder, everySteps: 5, resume });
const tasks: Record<string, () => Promise<unknown>> = {
  equal,
  refused,
  throws: () =>
    runs.carried!({
      plugins: [
        mpi(),
        save(false),
        at(7, 1, () => {
          throw new Error('out of luck');
        }),
      ],
    }),
  dies: () =>
    runs.carried!({ plugins: [mpi(), save(false), at(7, 1, () => process.kill(process.pid, 'SIGKILL'))] }),
  hangs: () =>
    runs.carried!({
      plugins: [
        mpi({ timeout: 1 }),
        save(false),
        at(7, 1, () => {
          for (;;);
        }),
      ],
    }),
  resumes: () => runs.carried!({ plugins: [mpi(), save(true)] }),
  whole: () => runs.carried!({ plugins: [mpi(), save(false)] }),
};
await start();
const outcome = await tasks[task]!();
writeFileSync(`${file}.${rank}.json`, JSON.stringify({ size, outcome }));
