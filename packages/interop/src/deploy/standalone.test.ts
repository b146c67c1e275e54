import { useBackend } from '@gatewise/backends';
import { lstmPeephole } from '@gatewise/cell-peephole';
import { defineCell } from '@gatewise/core';
import { bidirectional, recurrent as layer, registerCell, stack } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cells, draw, golden, goldenJson, modelOf, recurrent } from '../../test/files.js';
import { moduleFolder } from '../../test/module-folder.js';
import { build } from '../build.js';
import { describe as describeModel } from '../describe.js';
import type { Activation, CellActivation, LayerSpec, ModelSpec } from '../model.js';
import { readTorch } from '../torch/read.js';
import { writeStandalone } from './standalone.js';

const [I, H, T] = [3, 4, 9];
let modules: Awaited<ReturnType<typeof moduleFolder>>;
beforeAll(async () => {
  await useBackend('cpu');
  modules = await moduleFolder();
});
afterAll(() => modules.remove());

const steps = (spec: ModelSpec): number[] | number[][] =>
  spec.input.kind === 'ids'
    ? Array.from({ length: T }, (_, t) => (t * 5 + 2) % 9)
    : Array.from({ length: T }, () =>
        [...draw((spec.input as { width: number }).width).data].map((v) => 3 * v),
      );

/** What tf.js computes, and the largest error of the module beside it, also as a stream where it reads forward. */
async function errorsOf(spec: ModelSpec, model: tf.LayersModel) {
  const x = steps(spec);
  const wanted = tf.tidy(() => {
    const given =
      spec.input.kind === 'ids'
        ? tf.tensor2d([x as number[]], [1, T], 'int32')
        : tf.tensor3d([x as number[][]]);
    return tf.squeeze(model.predict(given) as tf.Tensor, [0]);
  });
  const values = await wanted.data();
  const [width, sequence] = [wanted.shape.at(-1)!, wanted.shape.length === 2];
  wanted.dispose();
  const instance = new (await modules.classOf(writeStandalone(spec).module))();
  const got = instance.run(x);
  const all = Array.isArray(got) ? got.flatMap((y) => [...y]) : [...got];
  expect(all).toHaveLength(values.length);
  expect(Math.max(...values.map(Math.abs))).toBeGreaterThan(1e-3);
  const far = (a: number, b: number) => Math.abs(a - b) / Math.max(1, Math.abs(b));
  const run = Math.max(...all.map((v, i) => far(v, values[i]!)));
  if (spec.layers.some((l) => l.kind === 'recurrent' && l.directions.some(({ reverse }) => reverse))) {
    expect(() => instance.push(x[0])).toThrow(/reads backward: give the whole sequence to run/);
    return { run, push: 0 };
  }
  const pass = () => x.map((step) => instance.push(step));
  const first = pass();
  instance.reset();
  expect(pass()).toEqual(first);
  const tail = sequence ? first.flatMap((y) => [...y]) : [...first.at(-1)!];
  expect(tail).toHaveLength(sequence ? T * width : width);
  return { run, push: Math.max(...tail.map((v, i) => far(v, values[i]!))) };
}

async function equal(spec: ModelSpec, model = build(spec)): Promise<void> {
  const { run, push } = await errorsOf(spec, model);
  expect([run, push].filter((e) => !(e < 1e-6))).toEqual([]);
}

/** Random weights, biases and starts too. */
function drawn(layers: tf.layers.Layer[]): tf.LayersModel {
  const model = tf.sequential({ layers });
  tf.tidy(() =>
    model.setWeights(model.getWeights().map((w, k) => tf.randomNormal(w.shape, 0, 0.5, 'float32', k))),
  );
  return model;
}

const size = [I, H] as [number, number];
const hard: CellActivation = 'hard-sigmoid';
const specs: Readonly<Record<string, readonly LayerSpec[]>> = {
  rnn: [recurrent(cells.rnn, size)],
  lstm: [recurrent(cells.lstm, size)],
  gru: [recurrent(cells.gru, size)],
  'gru, reset after': [recurrent(cells.gruAfter, size)],
  'a pair of biases': [recurrent(cells.lstm, size, { pair: true })],
  'last output': [recurrent(cells.lstm, size, { output: 'last' })],
  'hard gates of Keras 2': [recurrent({ ...cells.lstm, gates: hard }, size)],
  'hard gates of Keras 3': [recurrent({ ...cells.gruAfter, gates: 'hard-sigmoid-6' }, size)],
  'other functions in a cell': [
    recurrent({ ...cells.lstm, activation: 'relu', output: 'linear' }, size, { name: 'a' }),
    recurrent({ kind: 'rnn', activation: 'relu' }, [H, H], { name: 'b' }),
  ],
  'backward alone': [recurrent(cells.gru, size, { output: 'last' })].map((l) => ({
    ...l,
    directions: l.directions.map((d) => ({ ...d, reverse: true })),
  })),
  dropout: [
    { kind: 'dropout', name: 'd', rate: 0.5 },
    recurrent(cells.rnn, size),
    { kind: 'activation', name: 'f', activation: 'softsign' },
  ],
  ...Object.fromEntries(
    (['concat', 'sum', 'average', 'product'] as const).flatMap((merge) => [
      [`both, ${merge}`, [recurrent(cells.lstm, size, { both: true, merge })]],
      [`both, ${merge}, last`, [recurrent(cells.gru, size, { both: true, merge, output: 'last' })]],
    ]),
  ),
  ...Object.fromEntries(
    (
      [
        ...['tanh', 'sigmoid', 'relu', 'linear', 'hard-sigmoid', 'softmax'],
        ...['elu', 'selu', 'softplus', 'softsign', 'swish', 'gelu'],
      ] as Activation[]
    ).map((activation) => [
      `dense, ${activation}`,
      [recurrent(cells.rnn, size), { kind: 'dense', name: 'head', W: draw(H, 5), bias: draw(5), activation }],
    ]),
  ),
};

const models: Readonly<Record<string, () => tf.layers.Layer[]>> = {
  'a stack of three': () => [
    stack({ cell: 'lstm', units: H, depth: 3, inputShape: [null, I], returnSequences: true }),
  ],
  'a stack of two, both directions': () => [
    bidirectional({ cell: 'gru', units: H, inputShape: [null, I], returnSequences: true }),
    bidirectional({ cell: 'gru-reset-after', units: H }),
    tf.layers.dense({ units: 2, activation: 'softmax' }),
  ],
  'a learned start': () => [layer({ cell: 'lstm', units: H, inputShape: [null, I], learnedState: true })],
  'no bias': () => [
    layer({ cell: 'gru', units: H, inputShape: [null, I], useBias: false, returnSequences: true }),
    tf.layers.dense({ units: 2, useBias: false }),
  ],
  'an embedding': () => [
    tf.layers.embedding({ inputDim: 9, outputDim: I, inputShape: [null] }),
    layer({ cell: 'lstm', units: H, returnSequences: true }),
  ],
  'ids read by the cell': () => [
    layer({ cell: 'gru', units: H, inputDim: 9, inputShape: [null], dtype: 'int32' }),
  ],
  peepholes: () => [layer({ cell: 'lstm-peephole', units: H, inputShape: [null, I], returnSequences: true })],
  ...Object.fromEntries(
    ['additive', 'lstm-original', 'mixed'].map((cell) => [
      `the cell ${cell}, which no other format has`,
      () => [layer({ cell, units: H, inputShape: [null, I], returnSequences: true })],
    ]),
  ),
};

/** A cell with a vector, a constant and both halves of relu, fed by an operand. */
const mixed = defineCell({
  name: 'mixed',
  state: ['h', 'm'],
  gates: ['p', 'q'],
  saved: ['p'],
  input: ['q'],
  vectors: ['w'],
  operand: {
    feeds: ['q'],
    forward: (_, s) => s.h.sub(s.m),
    backward: (du) => ({ gates: {}, prev: { h: du, m: du.neg() } }),
  },
  forward(a, s, w) {
    const p = a.p.add(w.w.mul(s.m)).sigmoid();
    const h = a.q.relu().mul(p).sub(a.q.step()).tanh();
    return { next: { h, m: s.m.mul(-0.7).add(h.mul(0.3)) }, saved: { p } };
  },
  backward: () => ({ gates: {}, prev: {} }),
});

describe('a model written as one module', () => {
  it.each(Object.keys(specs))('%s: equals the model within 1e-6', async (name) => {
    await equal(modelOf(specs[name]!, { kind: 'features', steps: null, width: I }));
  });

  it.each(Object.keys(models))('%s: equals the model within 1e-6', async (name) => {
    if (name.includes('mixed')) registerCell(mixed);
    if (name === 'peepholes') registerCell(lstmPeephole);
    const model = drawn(models[name]!());
    await equal(await describeModel(model), model);
  });

  it.each(['torch_gru', 'torch_lstm_2layer_bidirectional', 'torch_lstm_nobias'])(
    '%s: gives what PyTorch gave',
    async (name) => {
      const spec = await readTorch(golden(`${name}.safetensors`));
      await equal(spec);
      const { inputs, expected } = goldenJson(`${name}.json`);
      const [B, steps, width] = inputs.x.shape;
      const row = (n: number) =>
        Array.from({ length: steps }, (_, t) =>
          inputs.x.data.slice((n * steps + t) * width, (n * steps + t + 1) * width),
        );
      const model = new (await modules.classOf(writeStandalone(spec).module))();
      const logits = Array.from({ length: B }, (_, n) =>
        (model.run(row(n)) as Float32Array[]).flatMap((y) => [...y]),
      ).flat();
      expect(logits).toHaveLength(expected.logits.data.length);
      logits.forEach((v, i) => void expect(Math.abs(v - expected.logits.data[i])).toBeLessThan(1e-6));
    },
  );
});
