import { createHash } from 'node:crypto';
import '@tensorflow/tfjs';
import { loadNative } from '@gatewise/engine-native';
import { installKernels } from '@gatewise/kernels';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { adam, type RuleOptimizer } from './index.js';
import { makeGradients, makeWeights, rateAt, rules, run } from './test-support/cases.js';

type Saved = Awaited<ReturnType<RuleOptimizer['getWeights']>>;

/** Through bytes and back, as a checkpoint does. */
async function throughBytes(saved: Saved): Promise<Saved> {
  const { data, specs } = await tf.io.encodeWeights(saved);
  return Object.entries(tf.io.decodeWeights(data, specs)).map(([name, tensor]) => ({ name, tensor }));
}
const copyOf = (weights: readonly tf.Variable[]) =>
  weights.map((w) => tf.tidy(() => tf.variable(tf.clone(w as tf.Tensor))));
/** Equal where every bit is; a difference in a list of so many numbers would take minutes to print. */
function bits(values: readonly Float32Array[]): string {
  const hash = createHash('sha256');
  for (const v of values) hash.update(new Uint8Array(v.slice().buffer));
  return hash.digest('hex');
}

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe.each(['composed', 'as provided'])('the state, %s', (how) => {
  beforeAll(async () => {
    if (how === 'composed') return;
    await loadNative();
    installKernels();
  });

  it.each(rules)('of %s goes on to the same bits in another optimiser', async (_, make) => {
    const before = tf.memory().numTensors;
    const weights = makeWeights();
    const optimizer = make(1);
    run(optimizer, weights, { to: 5 });
    const live = await optimizer.getWeights();
    const [saved, others] = [await throughBytes(live), copyOf(weights)];
    const want = run(optimizer, weights, { from: 6 });
    const again = make(1);
    await again.setWeights(saved);
    expect(again.iterations).toBe(5);
    // the weights have other names here, as those of a model built anew
    const got = run(again, others, { from: 6 });
    expect(bits(got)).toBe(bits(want));
    // what was saved is as it was, and serves a second time
    const third = make(1);
    await third.setWeights(saved);
    tf.dispose(saved.map(({ tensor }) => tensor));
    const restored = await third.getWeights();
    expect(restored.map(({ name }) => name)).toEqual(live.map(({ name }) => name));
    for (const one of [optimizer, again, third]) one.dispose();
    tf.dispose([...weights, ...others]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('finds weights by name where they have the names that were saved, in any order', async () => {
    const weights = makeWeights();
    const optimizer = adam();
    run(optimizer, weights, { to: 3 });
    const saved = await throughBytes(await optimizer.getWeights());
    const others = copyOf(weights);
    const want = run(optimizer, weights, { from: 4 });
    for (const [k, w] of weights.entries()) w.assign(others[k]!);
    const again = adam();
    await again.setWeights(saved);
    for (let t = 4; t <= 12; t++) {
      const gradients = makeGradients(weights, t);
      again.learningRate = rateAt(t);
      again.applyGradients(gradients.reverse());
      tf.dispose(gradients.map(({ tensor }) => tensor));
    }
    expect(bits(weights.map((w) => Float32Array.from(w.dataSync())))).toBe(bits(want));
    optimizer.dispose();
    again.dispose();
    tf.dispose([weights, others, saved.map(({ tensor }) => tensor)]);
  });

  it('is refused where it does not fit, and what was there stays', async () => {
    const weights = makeWeights();
    const optimizer = adam();
    run(optimizer, weights, { to: 2 });
    const saved = await throughBytes(await optimizer.getWeights());
    const [iter, ...slots] = saved as [Saved[number], ...Saved];
    const odd = tf.zeros([9, 9]);
    const gone = tf.zeros([7]);
    gone.dispose();
    const swapped = [iter, ...slots.slice(6), ...slots.slice(0, 6)];
    const misshapen = [iter, ...slots.map((s, i) => (i === 9 ? { ...s, tensor: odd } : s))];
    const disposed = [iter, ...slots.map((s, i) => (i === 2 ? { ...s, tensor: gone } : s))];
    const cut = tf.scalar(2.5);
    for (const bad of [
      [],
      slots,
      swapped,
      misshapen,
      disposed,
      saved.slice(0, -1),
      [{ name: 'iter', tensor: cut }],
    ]) {
      await expect(optimizer.setWeights(bad)).rejects.toThrow(/GW_OPTIM_STATE: got /);
    }
    expect(optimizer.iterations).toBe(2);
    run(optimizer, weights, { from: 3, to: 4 });
    // another model than the saved one
    await optimizer.setWeights(saved);
    const foreign = [tf.variable(tf.ones([2])), ...copyOf(weights)];
    expect(() => run(optimizer, foreign, { to: 1 })).toThrow(/GW_OPTIM_STATE: got 7 weights, wanted 6/);
    expect(() => run(optimizer, foreign.slice(0, 6), { to: 1 })).toThrow(/GW_OPTIM_STATE: got the weight/);
    optimizer.dispose();
    tf.dispose([weights, foreign, odd, cut, saved.map(({ tensor }) => tensor)]);
  });
});
