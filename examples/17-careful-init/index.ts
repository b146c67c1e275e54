import { useBackend } from '@gatewise/backends';
import { irnn } from '@gatewise/cell-irnn';
import { lstm, vanilla } from '@gatewise/cells';
import { type Tutorial, table } from '@gatewise/example-figures';
import { adding, type Contestant, epochOf, learn, parameters, unitsWithin } from '@gatewise/example-tasks';
import { jacobianNorm } from '@gatewise/inspect';
import type { RecurrentLayer } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import * as tf from '@tensorflow/tfjs';
import { charts } from './charts.js';

// #region starts
/** The same two cells, tanh and ReLU, with other first weights; and the LSTM with and without its forget bias of 1. */
export const starts: readonly Contestant[] = [
  { name: 'tanh, random R', cell: vanilla, options: { recurrentInitializer: 'glorotUniform' } },
  { name: 'tanh, orthogonal R', cell: vanilla, options: { recurrentInitializer: 'orthogonal' } },
  { name: 'tanh, R = I', cell: vanilla, options: { recurrentInitializer: 'identity' } },
  { name: 'ReLU, orthogonal R', cell: irnn, options: { recurrentInitializer: 'orthogonal' } },
  { name: 'ReLU, R = I: IRNN', cell: irnn, options: { recurrentInitializer: 'identity' } },
  { name: 'LSTM, forget bias 0', cell: lstm, options: { forgetBias: 0 } },
  { name: 'LSTM, forget bias 1', cell: lstm, options: { forgetBias: 1 } },
];
// #endregion

const BUDGET = 1000;
const EVERY = 5;
const RATES = [1e-3, 4e-3, 1.6e-2];

// #region reach
/** ‖∂s_t/∂s_0‖ of a network before training, s its whole state, on one sequence of the adding problem, for t = 0, 5, 10, … */
async function reach(one: Contestant, T: number): Promise<number[]> {
  const task = adding(T);
  const model = task.model(unitsWithin(one, task.I, BUDGET), one, 1);
  const { x, y } = task.batch(1, 1);
  const norms: number[] = [];
  for (let t = 0; t < T; t += EVERY) {
    const { whole } = await jacobianNorm(model.layers[0] as RecurrentLayer, { x: x as tf.Tensor }, t, 0);
    norms.push(whole);
  }
  tf.dispose([x as tf.Tensor, y]);
  model.dispose();
  return norms;
}
// #endregion

interface Run {
  readonly T: number;
  readonly rate: number;
  readonly seed: number;
  /** Loss on sequences that were never trained on; null where training broke. */
  readonly heldOut: number | null;
}

// #region trial
/** One network on sums over T steps, with one learning rate; gradients are clipped to norm 1. */
async function trial(one: Contestant, { T, rate, seed }: Omit<Run, 'heldOut'>, steps: number): Promise<Run> {
  const task = adding(T);
  const model = task.model(unitsWithin(one, task.I, BUDGET), one, seed);
  const data = { batches: epochOf(task, 32, steps, seed), validation: epochOf(task, 500, 1, 1000) };
  const curve = await learn(model, task.loss, data, {
    epochs: 1,
    seed,
    optimizer: adam({ learningRate: rate }),
  });
  model.dispose();
  return { T, rate, seed, heldOut: curve?.at(-1) ?? null };
}
// #endregion

export interface Figures {
  readonly budget: number;
  readonly steps: number;
  readonly every: number;
  readonly starts: { start: string; units: number; weights: number; norms: number[]; runs: Run[] }[];
}

/** A held-out loss a sixteenth of that of a constant answer counts as solved. */
const SOLVED = 0.01;
/** How many runs solved sums over T steps. */
export const solved = (runs: readonly Run[], T: number, rate?: number): number =>
  runs.filter((r) => r.T === T && (rate ?? r.rate) === r.rate && r.heldOut !== null && r.heldOut < SOLVED)
    .length;

async function run(length: 'short' | 'full'): Promise<Figures> {
  await useBackend('cpu');
  const full = length === 'full';
  const [steps, seeds, lengths] = full ? [1200, [1, 2], [20, 60]] : [15, [1], [20]];
  const grid = lengths.flatMap((T) => RATES.flatMap((rate) => seeds.map((seed) => ({ T, rate, seed }))));
  const all: Figures['starts'] = [];
  for (const one of starts) {
    const units = unitsWithin(one, 2, BUDGET);
    const norms = await reach(one, 61);
    const runs: Run[] = [];
    for (const place of grid) runs.push(await trial(one, place, steps));
    all.push({ start: one.name, units, weights: parameters(one, 2, units), norms, runs });
  }
  return { budget: BUDGET, steps, every: EVERY, starts: all };
}

export const tutorial: Tutorial<Figures> = {
  at: import.meta.url,
  run,
  tables: ({ starts: all }) => {
    const lengths = [...new Set(all[0]!.runs.map(({ T }) => T))];
    const of = (T: number, rate?: number) =>
      all[0]!.runs.filter((r) => r.T === T && (rate ?? r.rate) === r.rate).length;
    return {
      start: table(
        ['cell and start', 'units', 'weights', '‖∂s_t/∂s_0‖ after 60 steps'],
        all.map(({ start, units, weights, norms }) => [start, units, weights, norms.at(-1)!.toPrecision(2)]),
      ),
      solved: table(
        [
          'cell and start',
          ...lengths.flatMap((T) => RATES.map((rate) => `T = ${T}, rate ${rate}: of ${of(T, rate)}`)),
          ...lengths.map((T) => `T = ${T}: of ${of(T)}`),
        ],
        all.map(({ start, runs }) => [
          start,
          ...lengths.flatMap((T) => RATES.map((rate) => solved(runs, T, rate))),
          ...lengths.map((T) => solved(runs, T)),
        ]),
      ),
    };
  },
  charts,
};
