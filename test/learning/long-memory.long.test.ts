import { useBackend } from '@gatewise/backends';
import { writeFigures } from '@gatewise/example-figures';
import {
  adding,
  type Contestant,
  contestants,
  epochOf,
  learn,
  type Task,
  unitsWithin,
} from '@gatewise/example-tasks';
import { adam } from '@gatewise/optimisers';
import { evaluate } from '@gatewise/trainer';
import type * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copying } from './long-memory.js';

// How far back each cell remembers, at equal numbers of parameters. Of two learning rates the better one by validation is
// told, with its loss on data that neither saw.

const PARAMETERS = 8000;
const [B, EPOCHS, STEPS] = [32, 24, 250];
const RATES = [1e-3, 4e-3];

interface Score {
  readonly cell: string;
  readonly units: number;
  readonly parameters: number;
  readonly learningRate: number;
  /** Held-out loss after each epoch, the number of steps beside it in `steps`. */
  readonly curve: readonly number[];
  readonly heldOut: number;
}

/** Null where a rate ends in numbers that are none: it is no candidate. */
async function candidate(
  task: Task,
  one: Contestant,
  learningRate: number,
): Promise<(Omit<Score, 'heldOut'> & { model: tf.LayersModel }) | null> {
  const units = unitsWithin(one, task.I, PARAMETERS);
  const model = task.model(units, one, 1);
  const data = { batches: epochOf(task, B, STEPS, 1), validation: epochOf(task, 100, 5, 2) };
  const budget = { epochs: EPOCHS, seed: 1, optimizer: adam({ learningRate }) };
  const curve = await learn(model, task.loss, data, budget);
  if (!curve) {
    model.dispose();
    return null;
  }
  const parameters = model.layers[0]?.countParams() ?? 0;
  return { cell: one.name, units, parameters, learningRate, curve, model };
}

async function best(task: Task, one: Contestant): Promise<Score> {
  const runs = [];
  for (const rate of RATES) {
    const run = await candidate(task, one, rate);
    if (run) runs.push(run);
  }
  runs.sort((a, b) => (a.curve.at(-1) as number) - (b.curve.at(-1) as number));
  const { model, ...score } = runs[0]!;
  const heldOut = await evaluate(model, epochOf(task, 100, 10, 3), { loss: task.loss });
  for (const run of runs) run.model.dispose();
  return { ...score, heldOut };
}

describe.each([
  // a constant answer scores the variance of a sum of two numbers; a guess scores ln 8
  {
    ...{ name: 'adding', task: adding(200), knowsNothing: 1 / 6 },
    ...{ solved: ['IRNN', 'LSTM', 'LSTM, chrono start', 'GRU'], below: 0.02 },
    ...{ not: ['vanilla', 'additive', 'original LSTM'], above: 0.15 },
  },
  {
    ...{ name: 'copy', task: copying(5, 30), knowsNothing: Math.log(8) },
    ...{ solved: ['vanilla', 'original LSTM', 'GRU'], below: 0.05 },
    ...{ not: ['additive', 'IRNN'], above: 0.5 },
  },
])('$name', ({ name, task, knowsNothing, solved, below, not, above }) => {
  const scores: Score[] = [];
  beforeAll(() => useBackend('cpu'));

  it.each(contestants.map((one) => [one.name, one] as const))(
    '%s',
    { timeout: 3_600_000 },
    async (_, one) => {
      const score = await best(task, one);
      scores.push(score);
      console.log(score);
      expect(score.parameters).toBeLessThanOrEqual(PARAMETERS);
      expect(Number.isFinite(score.heldOut)).toBe(true);
      if (solved.includes(one.name)) expect(score.heldOut).toBeLessThan(below);
      if (not.includes(one.name)) expect(score.heldOut).toBeGreaterThan(above);
    },
  );

  afterAll(async () => {
    if (scores.length < contestants.length) return;
    const figures = { task: task.title, knowsNothing, batch: B, steps: STEPS * EPOCHS, scores };
    const values = scores.flatMap(({ cell, curve }) =>
      curve.map((loss, epoch) => ({ cell, steps: (epoch + 1) * STEPS, loss })),
    );
    await writeFigures(import.meta.url, `long-memory-${name}`, figures, {
      title: `${task.title}: held-out loss at ${PARAMETERS} parameters`,
      data: { values },
      width: 480,
      height: 300,
      layer: [
        {
          mark: 'line',
          encoding: {
            x: { field: 'steps', type: 'quantitative', title: `training steps of ${B} sequences` },
            y: { field: 'loss', type: 'quantitative', title: 'loss' },
            color: { field: 'cell', sort: null },
          },
        },
        { mark: { type: 'rule', strokeDash: [4, 4] }, encoding: { y: { datum: knowsNothing } } },
      ],
    });
  });
});
