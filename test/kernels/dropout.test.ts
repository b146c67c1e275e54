import { random } from '@gatewise/core';
import { fusedDropout, installKernels, removeKernels } from '@gatewise/kernels';
import { drawnDropout } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { arithmeticNames, withArithmetic } from './arithmetics.js';
import { numbers } from './compare.js';

for (const name of arithmeticNames) {
  withArithmetic(name, (calls) => {
    // [B, steps, units]: tails of every vector, more than a window of the module holds, nothing at all
    const shapes = [
      ...[1, 3, 4, 15, 16, 17, 67].map((units) => [3, 5, units] as const),
      ...([
        [2, 40, 700],
        [1, 1, 20_000],
        [64, 30, 512],
        [0, 5, 3],
        [2, 0, 3],
      ] as const),
    ];

    it('multiplies by the mask that every engine draws, forward and backward, bit for bit', () => {
      for (const [n, [rows, steps, units]] of shapes.entries()) {
        const [key, rate] = [0x9abcdef0 + n, 0.1 + 0.07 * n];
        const r = random(n);
        const [x, dy] = [numbers(r, [rows, steps, units]), numbers(r, [rows, steps, units])];
        const mask = drawnDropout({ B: rows, from: 0, steps, units, key, rate });
        const f = tf.valueAndGrad((z: tf.Tensor) => fusedDropout(z, { rows, steps, units, key, rate })!);
        const { value, grad } = f(x, dy);
        for (const [got, given] of [
          [value, x],
          [grad, dy],
        ] as const) {
          const wanted = tf.tidy(() => tf.mul(given, mask).dataSync());
          expect(got.shape).toEqual([rows, steps, units]);
          expect(got.dataSync()).toEqual(wanted);
        }
        tf.dispose([x, dy, mask, value, grad]);
      }
      expect(calls().filter((call) => call === 'dropout')).toHaveLength(2 * shapes.length);
    });

    it('keeps what is no number, dropped or not, and leaves no tensor', () => {
      const drawn = { rows: 1, steps: 1, units: 64, key: 5, rate: 0.5 };
      const before = tf.memory().numTensors;
      for (const odd of [Number.NaN, Infinity]) {
        const values = tf.tidy(() => fusedDropout(tf.fill([64], odd), drawn)!.dataSync());
        expect(values.some(Number.isFinite)).toBe(false);
      }
      expect(tf.memory().numTensors).toBe(before);
    });

    it('is opted out of with the other kernels, and takes float32 alone', () => {
      const drawn = { rows: 1, steps: 1, units: 4, key: 5, rate: 0.5 };
      tf.tidy(() => {
        expect(fusedDropout(tf.ones([4], 'int32'), drawn)).toBeNull();
        removeKernels();
        expect(fusedDropout(tf.ones([4]), drawn)).toBeNull();
        installKernels();
        expect(fusedDropout(tf.ones([2, 2]), drawn)?.shape).toEqual([2, 2]);
      });
    });
  });
}
