import { useBackend } from '@gatewise/backends';
import { random } from '@gatewise/core';
import { ragged } from '@gatewise/data';
import { type Tutorial, table } from '@gatewise/example-figures';
import {
  adding,
  type Contestant,
  contestants,
  embeddedReber,
  epochOf,
  learn,
  legalNext,
  parameters,
  reberSymbols,
  unitsWithin,
} from '@gatewise/example-tasks';
import { recurrent } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { predict } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { charts } from './charts.js';

// #region rungs
/** One change at a time: from the vanilla cell to the LSTM; the GRU is a way of its own. */
export const rungs = ['vanilla', 'additive', 'original LSTM', 'LSTM', 'GRU'].map(
  (name) => contestants.find((one) => one.name === name)!,
);
// #endregion

const BUDGET = 600;

// #region adding
/** Sums over 60 steps: the held-out loss after every `steps` steps of 32 sequences that were never seen before. */
async function learnToAdd(
  one: Contestant,
  seed: number,
  epochs: number,
  steps: number,
): Promise<number[] | null> {
  const task = adding(60);
  const model = task.model(unitsWithin(one, 2, BUDGET), one, seed);
  const heldOut = epochOf(task, 500, 1, 1000);
  const data = { batches: epochOf(task, 32, steps, seed), validation: () => heldOut(0) };
  const curve = await learn(model, task.loss, data, {
    epochs,
    seed,
    optimizer: adam({ learningRate: 8e-3 }),
  });
  model.dispose();
  return curve;
}
// #endregion

// #region reber
const ids = (text: string) => Int32Array.from(text, (symbol) => reberSymbols.indexOf(symbol));
/** Read a string, and say after every symbol which one comes next. */
const nextSymbol = (all: readonly string[]) => ({
  x: all.map((text) => ids(text.slice(0, -1))),
  y: all.map((text) => ids(text.slice(1))),
});

/** Strings of the grammar to train on, and held-out ones that are none of them. */
export function strings(count: number, heldOut: number, draw = random(7)) {
  const training = Array.from({ length: count }, () => embeddedReber(draw));
  const others = new Set<string>();
  while (others.size < heldOut) {
    const text = embeddedReber(draw);
    if (!training.includes(text)) others.add(text);
  }
  return { training, heldOut: [...others] };
}
// #endregion

// #region score
/** Of the model's guesses: how many are symbols that may stand there, and how often the last but one is the right of T and P. */
async function score(model: tf.LayersModel, heldOut: readonly string[]) {
  const outputs = (await predict(model, ragged(nextSymbol(heldOut), { batch: 250 }))) as number[][][];
  let [legal, all, remembered] = [0, 0, 0];
  heldOut.forEach((text, n) => {
    legalNext(text).forEach((allowed, t) => {
      const logits = outputs[n]![t]!;
      all++;
      if (allowed.has(reberSymbols[logits.indexOf(Math.max(...logits))]!)) legal++;
    });
    const atLock = outputs[n]!.at(-2)!;
    const [T, P] = [...ids('TP')].map((id) => atLock[id]!);
    if ((T! > P! ? 'T' : 'P') === text[1]) remembered++;
  });
  return { legal: legal / all, remembered: remembered / heldOut.length };
}
// #endregion

async function learnReber(
  one: Contestant,
  seed: number,
  epochs: number,
  { training, heldOut }: ReturnType<typeof strings>,
) {
  const units = unitsWithin(one, reberSymbols.length, BUDGET);
  const { cell, options } = one;
  const model = tf.sequential({
    layers: [
      recurrent({
        cell,
        units,
        seed,
        ...options,
        inputDim: 7,
        batchInputShape: [null, null],
        returnSequences: true,
      }),
      tf.layers.dense({ units: 7, kernelInitializer: tf.initializers.glorotUniform({ seed }) }),
    ],
  });
  const data = {
    batches: ragged(nextSymbol(training), { batch: 32, seed, pool: 10 }),
    validation: ragged(nextSymbol(heldOut), { batch: 250 }),
  };
  const curve = await learn(model, 'softmaxCrossEntropy', data, {
    ...{ epochs, seed, optimizer: adam({ learningRate: 1e-2 }) },
  });
  const scored = { seed, ...(await score(model, heldOut)), curve };
  model.dispose();
  return scored;
}

export interface Figures {
  readonly budget: number;
  readonly seeds: number;
  readonly sequences: { adding: number; reber: number; steps: number };
  readonly strings: { training: number; different: number; heldOut: number; meanLength: number };
  readonly cells: {
    readonly cell: string;
    /** Weights that come with one more unit at `units` units, by a unit: gates · (I + H + 1). */
    readonly gates: number;
    readonly units: number;
    readonly parameters: number;
    readonly reberUnits: number;
    readonly adding: (number[] | null)[];
    readonly reber: Awaited<ReturnType<typeof learnReber>>[];
  }[];
}

/** A model that always answers 1 has the variance of a sum of two numbers of [0,1) as its loss. */
export const KNOWS_NOTHING = 1 / 6;
/** A held-out loss below a sixteenth of that counts as solved. */
export const SOLVED = 0.01;
export const solved = (curves: readonly (readonly number[] | null)[]): number =>
  curves.filter((curve) => curve !== null && curve.at(-1)! < SOLVED).length;
export const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

async function run(length: 'short' | 'full'): Promise<Figures> {
  await useBackend('cpu');
  const full = length === 'full';
  const [seeds, epochs, steps] = full ? [4, 8, 200] : [1, 1, 20];
  const grammar = full ? strings(2000, 500) : strings(200, 50);
  const cells: Figures['cells'][number][] = [];
  for (const one of rungs) {
    const units = unitsWithin(one, 2, BUDGET);
    const runs = { adding: [] as (number[] | null)[], reber: [] as Awaited<ReturnType<typeof learnReber>>[] };
    for (let seed = 1; seed <= seeds; seed++) {
      runs.adding.push(await learnToAdd(one, seed, epochs, steps));
      runs.reber.push(await learnReber(one, seed, full ? 10 : 1, grammar));
    }
    cells.push({
      ...{ cell: one.name, gates: one.cell.gates.length, units, parameters: parameters(one, 2, units) },
      ...{ reberUnits: unitsWithin(one, reberSymbols.length, BUDGET), ...runs },
    });
  }
  const { training, heldOut } = grammar;
  return {
    ...{ budget: BUDGET, seeds, cells },
    sequences: {
      adding: epochs * steps * 32,
      reber: training.length * (full ? 10 : 1),
      steps: epochs * steps,
    },
    strings: {
      ...{ training: training.length, different: new Set(training).size, heldOut: heldOut.length },
      meanLength: mean(heldOut.map((text) => text.length)),
    },
  };
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

export const tutorial: Tutorial<Figures> = {
  at: import.meta.url,
  run,
  tables: ({ cells, seeds }) => ({
    sizes: table(
      [
        'cell',
        'gates and candidates',
        'weights per memory cell, 2 inputs and H units',
        'units within 600',
        'weights',
      ],
      cells.map((c) => [c.cell, c.gates, `${c.gates} (H + 3)`, c.units, c.parameters]),
    ),
    adding: table(
      ['cell', `of ${seeds} seeds solved`, 'held-out loss, best', 'worst'],
      cells.map(({ cell, adding: curves }) => {
        const last = curves.map((curve) => curve?.at(-1) ?? Number.POSITIVE_INFINITY);
        return [cell, solved(curves), Math.min(...last).toFixed(4), Math.max(...last).toFixed(4)];
      }),
    ),
    reber: table(
      [
        'cell',
        'units',
        'held-out loss',
        'guesses that may stand there',
        'T or P remembered',
        'the same, by seed',
      ],
      cells.map(({ cell, reberUnits, reber }) => [
        ...[cell, reberUnits, mean(reber.map(({ curve }) => curve!.at(-1)!)).toFixed(3)],
        ...[percent(mean(reber.map(({ legal }) => legal))), percent(mean(reber.map((r) => r.remembered)))],
        reber.map((r) => percent(r.remembered)).join(', '),
      ]),
    ),
  }),
  charts,
};
