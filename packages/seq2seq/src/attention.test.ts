import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { input, loadLayersModel, model } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { type AttentionLayer, additiveAttention, dotAttention, generalAttention } from './index.js';

beforeAll(async () => void (await tf.setBackend('cpu')));
const [B, T, S] = [2, 3, 4];
type Symbolic = ReturnType<typeof input>;
/** Name, layer, width of the memory; queries are 3 wide. */
const kinds: readonly [string, () => AttentionLayer, number][] = [
  ['dot', () => dotAttention(), 3],
  ['general', () => generalAttention({ seed: 1 }), 5],
  ['additive', () => additiveAttention({ units: 6, seed: 1 }), 5],
];
const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);
const mask = tf.tensor2d([1, 1, 0, 0, 1, 1, 1, 1], [B, S]);
const largest = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).arraySync() as number;
const apply = (layer: AttentionLayer, ...inputs: tf.Tensor[]) => layer.apply(inputs) as tf.Tensor;

describe.each(kinds)('%s attention', (name, make, M) => {
  const [query, memory] = [normal([B, T, 3], 1), normal([B, S, M], 2)];

  it('is a mean of the memory, weighted by the softmax of the energies', () => {
    const layer = make();
    const got = apply(layer, query, memory, mask).arraySync() as number[][][];
    const w = Object.fromEntries(layer.weights.map((v) => [v.originalName.split('/').at(-1), v.read()]));
    const product = (v: number[], m: number[][]) =>
      m[0]!.map((_, k) => v.reduce((sum, vi, i) => sum + vi * m[i]![k]!, 0));
    const inner = (a: number[], b: number[]) => a.reduce((sum, ai, i) => sum + ai * b[i]!, 0);
    const matrix = (n: string) => w[n]!.arraySync() as number[][];
    const energy = (q: number[], m: number[]): number => {
      if (name === 'dot') return inner(q, m);
      if (name === 'general') return inner(q, product(m, matrix('W')));
      const [a, b] = [product(q, matrix('Wq')), product(m, matrix('Wm'))];
      return inner(
        a.map((ai, i) => Math.tanh(ai + b[i]!)),
        matrix('v').map(([v]) => v!),
      );
    };
    const [q, m] = [query.arraySync() as number[][][], memory.arraySync() as number[][][]];
    q.forEach((row, b) => {
      const real = m[b]!.filter((_, s) => mask.arraySync()[b]![s] === 1);
      row.forEach((qt, t) => {
        const e = real.map((ms) => Math.exp(energy(qt, ms)));
        const sum = e.reduce((x, y) => x + y);
        for (let k = 0; k < M; k++) {
          const c = real.reduce((total, ms, s) => total + (e[s]! / sum) * ms[k]!, 0);
          expect(got[b]![t]![k]).toBeCloseTo(c, 5);
        }
      });
    });
  });

  it('has the gradients of finite differences, for both inputs and every weight', () => {
    const layer = make();
    apply(layer, query, memory);
    const g = normal([B, T, M], 3);
    const loss = (q: tf.Tensor, m: tf.Tensor) => tf.sum(tf.mul(g, apply(layer, q, m, mask))) as tf.Scalar;
    const [dq, dm] = tf.grads(loss as never)([query, memory]) as [tf.Tensor, tf.Tensor];
    const central = (x: tf.Tensor, at: (x: tf.Tensor) => tf.Scalar, dx: tf.Tensor) => {
      const values = x.dataSync();
      const wanted = Float32Array.from(values, (_, i) => {
        const moved = (h: number) => {
          const copy = values.slice();
          copy[i]! += h;
          return at(tf.tensor(copy, x.shape)).arraySync();
        };
        return (moved(1e-2) - moved(-1e-2)) / 2e-2;
      });
      expect(largest(dx, tf.tensor(wanted, x.shape))).toBeLessThan(2e-3);
    };
    central(query, (q) => loss(q, memory), dq);
    central(memory, (m) => loss(query, m), dm);
    for (const w of layer.weights) {
      const variable = w.read() as tf.Variable;
      const start = variable.clone();
      const { grads } = tf.variableGrads(() => loss(query, memory), [variable]);
      central(
        start,
        (v) => {
          variable.assign(v);
          return loss(query, memory);
        },
        grads[variable.name]!,
      );
      variable.assign(start);
    }
  });

  it('reads no padding, whatever stands there, and gives 0 where nothing is real', () => {
    const layer = make();
    const row = tf.tensor2d([1, 1, 0, 0, 0, 0, 0, 0], [B, S]);
    const spoiled = tf.where(
      tf.cast(tf.reshape(row, [B, S, 1]), 'bool'),
      memory,
      tf.fill(memory.shape, Number.NaN),
    );
    const got = apply(layer, query, spoiled, row);
    const short = apply(layer, tf.slice(query, 0, 1), tf.slice(memory, 0, [1, 2, M]));
    expect(largest(tf.slice(got, 0, 1), short)).toBeLessThan(1e-6);
    expect(tf.max(tf.abs(tf.slice(got, 1, 1))).arraySync()).toBe(0);
    const dm = tf.grad((m) => tf.sum(apply(layer, query, m, row)))(spoiled);
    expect(tf.max(tf.abs(tf.slice(dm, [0, 2, 0], [1, 2, M]))).arraySync()).toBe(0);
    expect(tf.max(tf.abs(tf.slice(dm, 1, 1))).arraySync()).toBe(0);
  });

  it('is a layer of a model that is saved and loaded, and leaks nothing', async () => {
    const shapes = [[null, 3], [null, M], [null]];
    const inputs = shapes.map((shape) => input({ shape }));
    const net = model({ inputs, outputs: make().apply(inputs) as Symbolic });
    expect(net.outputs[0]!.shape).toEqual([null, null, M]);
    let saved: tf.io.ModelArtifacts | undefined;
    await net.save(
      tf.io.withSaveHandler(async (artifacts) => {
        saved = artifacts;
        return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
      }),
    );
    const loaded = await loadLayersModel(tf.io.fromMemory(saved!));
    const run = (m: typeof net) => m.predict([query, memory, mask]) as tf.Tensor;
    expect(largest(run(loaded), run(net))).toBe(0);
    const before = tf.memory().numTensors;
    run(net).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

it('says what is wrong', () => {
  const zeros = (...shape: number[]) => tf.zeros(shape);
  expect(() => dotAttention().apply([zeros(1, 2, 3), zeros(1, 2, 4)])).toThrow(/GW_ATTENTION_WIDTH/);
  expect(() => dotAttention().apply([zeros(1, 3), zeros(1, 2, 3)])).toThrow(/GW_ATTENTION_SHAPE/);
  expect(() => dotAttention().apply(zeros(1, 2, 3))).toThrow(/GW_ATTENTION_SHAPE/);
  expect(() => additiveAttention({ units: 0 })).toThrow(/GW_ATTENTION_OPTION/);
});
