import '@tensorflow/tfjs';
import { random } from '@gatewise/core';
import type { Trainable } from '@gatewise/plugin';
import { train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { clipAdaptive, scaleToWeights } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
const options = { clipping: 0.01, epsilon: 1e-3 };

/** The paper's rule in float64, column by column. */
function agc64(g: number[][], w: number[][], λ: number, ε: number): number[][] {
  const norm = (m: number[][], u: number) =>
    Math.sqrt(m.reduce((sum, row) => sum + (row[u] as number) ** 2, 0));
  return g.map((row) =>
    row.map((v, u) => {
      const limit = λ * Math.max(norm(w, u), ε);
      return norm(g, u) > limit ? (v * limit) / norm(g, u) : v;
    }),
  );
}

describe('scaleToWeights', () => {
  it.each([1e-3, 1, 1e20, 1e-25])('clips each column by its own weights, gradients of %d', async (scale) => {
    const draw = random(3);
    const matrix = (by: number) =>
      Array.from({ length: 5 }, () => Array.from({ length: 7 }, () => draw.normal() * by));
    const w = matrix(1).map((row) => row.map((v, u) => (u === 0 ? 0 : v)));
    const g = matrix(scale).map((row) => row.map((v, u) => (u === 1 ? v * 1e-9 : v)));
    const { gradients } = scaleToWeights({ W: tf.tensor2d(g) }, { W: tf.tensor2d(w) }, options);
    const got = (await gradients.W?.array()) as number[][];
    const wanted = agc64(g, w, 0.01, 1e-3);
    for (const [i, row] of wanted.entries()) {
      for (const [u, v] of row.entries())
        expect(Math.abs((got[i]?.[u] as number) - v)).toBeLessThanOrEqual(2e-6 * Math.abs(v) + 1e-44);
    }
  });

  it('takes a vector as one unit, tells the norms, and keeps NaN in its unit', async () => {
    const weights = { b: tf.tensor1d([3, 4]), W: tf.tensor2d([[1, 1]]) };
    const g = { b: tf.tensor1d([0.3, 0.4]), W: tf.tensor2d([[Number.NaN, 1e-3]]) };
    const { gradients, clipped } = scaleToWeights(g, weights, options);
    const [b] = (await gradients.b!.array()) as number[];
    expect(b).toBeCloseTo(0.03, 6);
    expect(await gradients.W?.array()).toEqual([[Number.NaN, Math.fround(1e-3)]]);
    expect((await clipped.data())[0]).toBe(1);
    const mild = scaleToWeights({ b: tf.tensor1d([3e-3, 4e-3]) }, weights, options);
    expect((await mild.clipped.data())[0]).toBe(0);
    expect((await mild.clippedNorm.data())[0]).toBe((await mild.norm.data())[0]);
  });
});

it('clipAdaptive clips the update, leaves excepted weights alone, and leaves no tensor behind', async () => {
  const run = async (except: string[]) => {
    const w = tf.tidy(() => tf.variable(tf.tensor1d([3, 4])));
    // loss = Σ(w ⊗ [3, 4])
    const model: Trainable = {
      name: 'steep',
      weights: { w },
      loss: () => tf.sum(tf.mul(w, tf.tensor1d([3, 4]))),
    };
    const optimizer = tf.train.sgd(1);
    const batches = () => [{ x: tf.zeros([1, 1]), y: tf.zeros([1, 1]) }];
    const plugins = [clipAdaptive({ clipping: 0.1, except })];
    const { history } = await train(model, batches, { epochs: 1, optimizer, plugins });
    const after = [...(await w.data())];
    tf.dispose([w]);
    optimizer.dispose();
    return { after, log: history[0] };
  };
  await run([]);
  const before = tf.memory().numTensors;
  const { after, log } = await run([]);
  expect(after[0]).toBeCloseTo(2.7, 6);
  expect(after[1]).toBeCloseTo(3.6, 6);
  expect(log?.gradientNorm).toBeCloseTo(5, 6);
  expect(log?.gradientNormClipped).toBeCloseTo(0.5, 6);
  expect((await run(['w'])).after).toEqual([0, 0]);
  expect(tf.memory().numTensors).toBe(before);
});

it.each([
  [{ clipping: 0 }, 'got clipping 0'],
  [{ epsilon: Number.NaN }, 'got epsilon NaN'],
])('refuses %j', (bad, message) => {
  expect(() => clipAdaptive(bad)).toThrow(`GW_CLIP_OPTIONS: ${message}, wanted a finite number above 0`);
});
