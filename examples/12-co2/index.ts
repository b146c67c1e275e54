import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { useBackend } from '@gatewise/backends';
import { ragged } from '@gatewise/data';
import { type Tutorial, table } from '@gatewise/example-figures';
import { lstm, type RecurrentState, restoreState, stream } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import { train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { charts } from './charts.js';

// #region data
/** Monthly means of CO₂ at Mauna Loa, in parts per million of dry air, from May 1964 on: before, months are missing. */
export function readMonths(): { month: string; ppm: number }[] {
  const folder = dirname(createRequire(import.meta.url).resolve('vega-datasets'));
  const [, ...rows] = readFileSync(join(folder, '../data/co2-concentration.csv'), 'utf8').trim().split('\n');
  return rows
    .map((row) => row.split(','))
    .map(([date, ppm]) => ({ month: date!.slice(0, 7), ppm: Number(ppm) }))
    .filter(({ month }) => month >= '1964-05');
}

/** x_t = ppm_t − ppm_{t−1}; of the first month nothing is known yet. */
export const changes = (ppm: readonly number[]): number[] => ppm.map((now, t) => now - (ppm[t - 1] ?? now));
// #endregion

// #region baselines
/** What each rule, standing at month t, says of month t + ahead; ahead is at most 12. */
export const rules = {
  'as a year before': (ppm: readonly number[], t: number, ahead: number) => ppm[t + ahead - 12]!,
  'as a year before, plus the last year’s rise': (ppm: readonly number[], t: number, ahead: number) =>
    ppm[t + ahead - 12]! + ppm[t]! - ppm[t - 12]!,
};
// #endregion

// #region model
/** Changes [B,T,1] → states [B,T,H] → the next changes [B,T,1]. */
function forecaster(units: number, seed: number) {
  const layer = lstm({ units, inputShape: [null, 1], returnSequences: true, seed });
  const head = tf.layers.dense({ units: 1, kernelInitializer: tf.initializers.glorotUniform({ seed }) });
  return { layer, head, model: tf.sequential({ layers: [layer, head] }) };
}
type Forecaster = ReturnType<typeof forecaster>;

/** Windows of `time` months out of the training years; the target of every month is the change that comes next. */
function windows(x: readonly number[], time: number) {
  const starts = x.map((_, t) => t).filter((t) => t > 0 && t % 3 === 0 && t + time < x.length);
  const column = (from: number) => x.slice(from, from + time).map((change) => [change]); // [T,1]
  return ragged(
    { x: starts.map(column), y: starts.map((t) => column(t + 1)), perStep: true },
    { batch: 16, seed: 1 },
  );
}
// #endregion

// #region stream
/** One month in, the forecast of the next change out. */
async function push({ head }: Forecaster, steps: ReturnType<typeof stream>, change: number): Promise<number> {
  const next = tf.tidy(() => head.apply(steps.push(tf.tensor2d([[change]]))) as tf.Tensor);
  const [value] = await next.data();
  next.dispose();
  return value!;
}

/** Twelve months ahead: on a copy of the state every forecast is pushed as if it had been measured. */
async function yearAhead(from: Forecaster, state: RecurrentState, next: number, ppm: number) {
  const copy = stream(from.layer, restoreState(from.layer, await state.save()));
  const year: number[] = [];
  for (let change = next, level = ppm; year.length < 12; ) {
    level += change;
    year.push(level);
    change = await push(from, copy, change);
  }
  copy.dispose();
  return year;
}

/** Months as they come in, from the very first; after each, what the state says of the year ahead. */
async function follow(from: Forecaster, ppm: readonly number[], wanted: (t: number) => boolean) {
  const steps = stream(from.layer);
  const next: number[] = [];
  const years = new Map<number, number[]>();
  const tensors = new Set<number>();
  for (const [t, change] of changes(ppm).entries()) {
    next.push(await push(from, steps, change));
    tensors.add(tf.memory().numTensors);
    if (wanted(t)) years.set(t, await yearAhead(from, steps.state!, next[t]!, ppm[t]!));
  }
  steps.dispose();
  return { next, years, tensors: tensors.size };
}
// #endregion

export interface Figures {
  readonly months: { from: string; to: string; training: number; heldOut: number };
  readonly units: number;
  readonly weights: number;
  /** Mean error in ppm by rule, over all held-out months, 1 to 12 months ahead. */
  readonly errors: { rule: string; ppm: number[] }[];
  /** Between streaming and the whole sequence at once, in ppm. */
  readonly difference: number;
  /** Different counts of tensors seen while streaming. */
  readonly tensors: number;
  readonly recent: { month: string; ppm: number; forecast?: number }[];
}

const START = '2000-01';

/** Mean |error| at each distance ahead, over all months t whose forecast falls in the held-out years. */
function errorsOf(
  ppm: readonly number[],
  origins: readonly number[],
  say: (t: number, ahead: number) => number,
) {
  return Array.from({ length: 12 }, (_, k) => {
    const known = origins.filter((t) => t + k + 1 < ppm.length);
    return known.reduce((sum, t) => sum + Math.abs(ppm[t + k + 1]! - say(t, k + 1)), 0) / known.length;
  });
}

async function run(length: 'short' | 'full'): Promise<Figures> {
  await useBackend('cpu');
  const [units, epochs, every] = length === 'full' ? [16, 60, 1] : [8, 2, 60];
  const months = readMonths();
  const ppm = months.map((one) => one.ppm);
  const first = months.findIndex(({ month }) => month === START);
  const made = forecaster(units, 1);
  const optimizer = adam({ learningRate: 0.01 });
  await train(made.model, windows(changes(ppm.slice(0, first)), 60), {
    loss: 'meanSquaredError',
    plugins: [clipByGlobalNorm({ maxNorm: 1 })],
    ...{ epochs, optimizer, seed: 1 },
  });
  optimizer.dispose();
  const origins = months.map((_, t) => t).filter((t) => t >= first - 1 && (t - first + 1) % every === 0);
  const decembers = new Set(months.flatMap(({ month }, t) => (/201[678]-12/.test(month) ? [t] : [])));
  const { next, years, tensors } = await follow(made, ppm, (t) => origins.includes(t) || decembers.has(t));
  const whole = tf.tidy(() => {
    const x = tf.tensor3d([changes(ppm).map((change) => [change])]); // [1,T,1]
    return tf.reshape(made.model.predict(x) as tf.Tensor, [-1]) as tf.Tensor1D;
  });
  const atOnce = await whole.array();
  whole.dispose();
  const { layer, model } = made;
  const weights = layer.countParams() + made.head.countParams();
  model.dispose();
  const named = Object.entries(rules).map(([rule, say]) => ({
    rule,
    ppm: errorsOf(ppm, origins, (t, ahead) => say(ppm, t, ahead)),
  }));
  return {
    months: {
      ...{ from: months[0]!.month, to: months.at(-1)!.month },
      ...{ training: first, heldOut: months.length - first },
    },
    ...{ units, weights, tensors },
    errors: [
      ...named,
      { rule: 'LSTM', ppm: errorsOf(ppm, origins, (t, ahead) => years.get(t)![ahead - 1]!) },
    ],
    difference: Math.max(...next.map((value, t) => Math.abs(value - atOnce[t]!))),
    recent: months.slice(-40).map(({ month, ppm: measured }, n) => {
      const t = months.length - 40 + n;
      const made = [...decembers].filter((d) => d < t && t <= d + 12)[0];
      return {
        ...{ month, ppm: measured },
        ...(made !== undefined && { forecast: years.get(made)![t - made - 1]! }),
      };
    }),
  };
}

export const tutorial: Tutorial<Figures> = {
  at: import.meta.url,
  run,
  tables: ({ months, units, weights, errors, difference, tensors }) => ({
    months: table(
      ['from', 'to', 'months to train on', 'months held out', 'units', 'weights'],
      [[months.from, months.to, months.training, months.heldOut, units, weights]],
    ),
    errors: table(
      ['forecast', '1 month ahead', '3 months', '6 months', '12 months'],
      errors.map(({ rule, ppm }) => [rule, ...[1, 3, 6, 12].map((ahead) => ppm[ahead - 1]!.toFixed(2))]),
    ),
    stream: table(
      ['largest difference between streamed and at once, ppm', 'tensors that pile up'],
      [[difference.toExponential(0), tensors - 1]],
    ),
  }),
  charts,
};
