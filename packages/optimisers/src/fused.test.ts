import '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { loadNative } from '@gatewise/engine-native';
import { loadWasm } from '@gatewise/engine-wasm';
import { arithmetic, installKernels, provideArithmetic } from '@gatewise/kernels';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { adam, momentum } from './index.js';
import { distance, expected, makeWeights, read, rules, run } from './test-support/cases.js';

await tf.setBackend('cpu');
/** The same steps before any arithmetic is there. */
const composed = new Map(
  rules.map(([name, make]) => {
    const weights = makeWeights();
    const optimizer = make(1);
    const values = run(optimizer, weights);
    optimizer.dispose();
    tf.dispose(weights);
    return [name, values];
  }),
);
await loadNative();
await loadWasm();
installKernels();

const array = (t: tf.Tensor) => (tf.backend() as unknown as Cpu).data.get(t.dataId).values;
interface Cpu {
  readonly data: { get(dataId: object): { readonly values: Float32Array } };
}

for (const name of ['native', 'wasm']) {
  const found = arithmetic(name);
  const title = found ? '' : ' (skipped: its engine is not built here)';
  describe.skipIf(!found)(`updates by ${name}${title}`, () => {
    beforeAll(() => {
      provideArithmetic(found!, 1000 + Number(name === 'wasm'));
    });

    it.each(rules)('%s is the rule in float64, and as composed', (rule, make) => {
      const weights = makeWeights();
      const optimizer = make(1);
      const got = run(optimizer, weights);
      expect(distance(got, expected(rule))).toBeLessThan(1e-5);
      expect(distance(got, composed.get(rule)!)).toBeLessThan(1e-5);
      optimizer.dispose();
      tf.dispose(weights);
    });

    it.each(rules)('%s gives the same bits in every run, and leaks nothing', (_, make) => {
      const before = tf.memory().numTensors;
      const runs = [0, 1].map(() => {
        const weights = makeWeights();
        const optimizer = make(1);
        run(optimizer, weights, { to: 1 });
        const { numTensors, numBytes } = tf.memory();
        const values = run(optimizer, weights, { from: 2 });
        expect(tf.memory()).toMatchObject({ numTensors, numBytes });
        optimizer.dispose();
        tf.dispose(weights);
        return values;
      });
      expect(runs[1]).toEqual(runs[0]);
      expect(tf.memory().numTensors).toBe(before);
    });

    it('leaves clones, arrays that were read and what a tape has saved as they were', () => {
      const w = tf.variable(tf.tensor1d([1, 2, 3]));
      const optimizer = momentum({ learningRate: 0.5 });
      const g = tf.tensor1d([1, 1, 1]);
      const [clone, reshaped, values] = [tf.clone(w), tf.reshape(w, [3, 1]), w.dataSync()];
      // ∂/∂w Σ w² = 2 w, of the w that the tape saved before the step
      const { grads, value } = tf.variableGrads(() => {
        const loss = tf.sum(tf.square(w)) as tf.Scalar;
        optimizer.applyGradients([{ name: w.name, tensor: g }]);
        return loss;
      }, [w]);
      expect([...w.dataSync()]).toEqual([0.5, 1.5, 2.5]);
      expect([...grads[w.name]!.dataSync()]).toEqual([2, 4, 6]);
      for (const t of [clone.dataSync(), reshaped.dataSync(), values]) expect([...t]).toEqual([1, 2, 3]);
      expect([...g.dataSync()]).toEqual([1, 1, 1]);
      tf.dispose([w, g, clone, reshaped, value, grads]);
      optimizer.dispose();
    });

    it('updates slots in place while nobody else can see them', async () => {
      const [w, other] = [tf.variable(tf.ones([4])), tf.variable(tf.ones([4]))];
      const optimizer = momentum({ learningRate: 1, momentum: 0.5 });
      const g = tf.ones([4]);
      const step = (...weights: tf.Variable[]) =>
        optimizer.applyGradients(weights.map(({ name }) => ({ name, tensor: g })));
      step(w, other);
      const [u, otherU] = (await optimizer.getWeights()).slice(1).map(({ tensor }) => tensor) as [
        tf.Tensor,
        tf.Tensor,
      ];
      const [saved, otherSaved] = [u.dataSync(), otherU.dataSync()];
      step(w);
      const own = array(u);
      step(w);
      expect(array(u)).toBe(own);
      const clone = tf.clone(u);
      step(w, other);
      expect(array(u)).not.toBe(own);
      expect([...u.dataSync(), ...otherU.dataSync()]).toEqual([
        1.875, 1.875, 1.875, 1.875, 1.5, 1.5, 1.5, 1.5,
      ]);
      expect([...clone.dataSync()]).toEqual([1.75, 1.75, 1.75, 1.75]);
      expect([...saved, ...otherSaved]).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
      tf.dispose([w, other, g, clone]);
      optimizer.dispose();
    });

    it('keeps NaN and infinity to the entries they came in', () => {
      const w = tf.variable(tf.tensor1d([1, 1, 1, 1]));
      const optimizer = adam({ learningRate: 0.1 });
      const g = tf.tensor1d([1, Number.NaN, Number.POSITIVE_INFINITY, 0]);
      optimizer.applyGradients([{ name: w.name, tensor: g }]);
      const [a, b, c, d] = w.dataSync();
      expect(a).toBeCloseTo(0.9, 5);
      expect([b, c, d]).toEqual([Number.NaN, Number.NaN, 1]);
      tf.dispose([w, g]);
      optimizer.dispose();
    });

    it('takes weights that share their array', () => {
      const a = tf.variable(tf.ones([3]));
      const b = tf.variable(a as tf.Tensor);
      const g = tf.ones([3]);
      const optimizer = momentum({ learningRate: 1 });
      optimizer.applyGradients({ [a.name]: g, [b.name]: g });
      expect(read([a, b]).map((v) => [...v])).toEqual([
        [0, 0, 0],
        [0, 0, 0],
      ]);
      tf.dispose([a, b, g]);
      optimizer.dispose();
    });

    it('goes on with weights and slots that another backend had for a while', async () => {
      const weights = makeWeights();
      const optimizer = adam();
      run(optimizer, weights, { to: 4 });
      await tf.setBackend('wasm');
      run(optimizer, weights, { from: 5, to: 8 });
      await tf.setBackend('cpu');
      const moved = run(optimizer, weights, { from: 9 });
      const others = makeWeights();
      const stayed = adam();
      expect(distance(moved, run(stayed, others))).toBeLessThan(1e-5);
      tf.dispose([...weights, ...others]);
      optimizer.dispose();
      stayed.dispose();
    });
  });
}
