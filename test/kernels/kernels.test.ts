import { random } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { arithmeticNames, withArithmetic } from './arithmetics.js';
import { expectSame, ids, numbers, size } from './compare.js';

const shapes = Array.from({ length: 40 }, (_, seed) => seed);

for (const name of arithmeticNames) {
  withArithmetic(name, (calls) => {
    it('multiplies as tf.js does, transposed or not, in batches or not, also what is not finite', () => {
      for (const seed of shapes) {
        const r = random(seed);
        const [m, n, k, batch] = [size(r), size(r), size(r), 1 + r.int(4)];
        const [tA, tB, odd] = [r.int(2) === 1, r.int(2) === 1, r.int(4) === 0];
        const outer = [
          [[], []],
          [[batch], [batch]],
          [[1], [batch]],
          [[batch], []],
        ][seed % 4] as number[][];
        const a = numbers(r, [...outer[0]!, ...(tA ? [k, m] : [m, k])], odd);
        const b = numbers(r, [...outer[1]!, ...(tB ? [n, k] : [k, n])], odd);
        expectSame(() => [tf.matMul(a, b, tA, tB)]);
        tf.dispose([a, b]);
      }
      expect(calls()).toEqual(shapes.map(() => 'product'));
    });

    it('multiplies what is long and thin, or large', () => {
      const sizes = [
        [1, 700, 300],
        [2000, 1, 3],
        [128, 80, 1600],
        [300, 5, 1000],
        [3, 3, 5000],
        [260, 270, 280],
      ];
      for (const [m = 1, n = 1, k = 1] of sizes) {
        const r = random(m);
        const [a, b, at, bt] = [
          numbers(r, [m, k]),
          numbers(r, [k, n]),
          numbers(r, [k, m]),
          numbers(r, [n, k]),
        ];
        expectSame(() => [tf.matMul(a, b), tf.matMul(at, b, true), tf.matMul(a, bt, false, true)]);
        tf.dispose([a, b, at, bt]);
      }
      expect(calls()).toHaveLength(3 * sizes.length);
    });

    it.each(['linear', 'relu', 'sigmoid', 'elu', 'relu6', 'leakyrelu'] as const)(
      'adds a bias and applies %s; what it does not know is tf.js’',
      (activation) => {
        for (const seed of shapes.slice(0, 8)) {
          const r = random(seed);
          const [m, n, k] = [size(r), 1 + size(r), size(r)];
          const [a, b, bias] = [numbers(r, [m, k]), numbers(r, [k, n]), numbers(r, [n])];
          expectSame(() => [tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias, activation })]);
          tf.dispose([a, b, bias]);
        }
        expect(calls().includes('product')).toBe(!['relu6', 'leakyrelu'].includes(activation));
      },
    );

    it('gathers rows and sums them back', () => {
      for (const seed of shapes.slice(0, 20)) {
        const r = random(seed);
        const [rows, width, n] = [size(r), size(r), size(r)];
        const table = numbers(r, [rows, width]);
        const at = ids(r, [n, 2], rows);
        expectSame(() => [tf.gather(table, at), tf.grad((x) => tf.sum(tf.square(tf.gather(x, at))))(table)]);
        tf.dispose([table, at]);
      }
      const made = calls();
      expect(made.filter((call) => call === 'gatherRows').length).toBeGreaterThanOrEqual(20);
      expect(made).toContain('scatterRows');
    });

    it('leaves out ids that are no segment, and refuses rows that are not there as tf.js does', () => {
      const r = random(1);
      const [values, at] = [numbers(r, [4, 3]), tf.tensor1d([0, 7, -1, 0], 'int32')];
      expectSame(() => [tf.unsortedSegmentSum(values, at, 2)]);
      expect(calls()).toContain('scatterRows');
      expect(() => tf.gather(values, at)).toThrow('GatherV2: the index value 7 is not in [0, 3]');
      tf.dispose([values, at]);
    });

    it('sums over any axes, kept or not', () => {
      const r = random(5);
      for (const shape of [
        [300, 7],
        [9, 40, 33],
        [2, 3, 50, 8],
      ]) {
        const x = numbers(r, shape, true);
        const axes = [0, 1, -1, shape.length - 2, [0, 1], [0, shape.length - 1], undefined];
        expectSame(() => axes.flatMap((axis) => [tf.sum(x, axis), tf.sum(x, axis, true)]));
        x.dispose();
      }
      expect(calls()).toContain('sumRows');
    });

    it('adds, subtracts, multiplies and divides, with rows, columns and numbers spread', () => {
      const r = random(6);
      const pairs = [
        [
          [40, 33],
          [40, 33],
        ],
        [[40, 33], [33]],
        [[33], [40, 33]],
        [
          [40, 33],
          [40, 1],
        ],
        [
          [40, 1],
          [40, 33],
        ],
        [[40, 33], []],
        [
          [1, 1],
          [40, 33],
        ],
        [
          [9, 8, 33],
          [1, 8, 33],
        ],
        [
          [9, 8, 33],
          [9, 8, 1],
        ],
        [
          [9, 8, 33],
          [9, 1, 33],
        ],
        [
          [1, 700],
          [3, 1, 700],
        ],
        [
          [600, 1],
          [1, 5],
        ],
      ] as [number[], number[]][];
      for (const [p, q] of pairs) {
        const [a, b] = [numbers(r, p, true), numbers(r, q, true)];
        expectSame(() => [tf.add(a, b), tf.sub(a, b), tf.mul(a, b), tf.div(a, b)]);
        tf.dispose([a, b]);
      }
      expect(calls().filter((call) => call === 'combine')).toHaveLength(4 * (pairs.length - 2));
    });

    it('applies functions, also to what is not finite', () => {
      const x = tf.tidy(() => tf.mul(numbers(random(8), [7, 143], true), 100));
      expectSame(() => [tf.relu(x), tf.sigmoid(x), tf.tanh(x), tf.elu(x), tf.exp(tf.minimum(x, 3))]);
      expectSame(() => [tf.tanh(tf.div(x, 1e4)), tf.exp(x), tf.elu(tf.div(x, 100))]);
      x.dispose();
      expect(calls().filter((call) => call === 'apply')).toHaveLength(8);
    });

    it('takes the softmax of rows, and its gradient', () => {
      for (const shape of [
        [40, 33],
        [3, 9, 80],
        [2, 300],
      ]) {
        const r = random(shape[0] as number);
        const x = tf.tidy(() => tf.mul(numbers(r, shape, shape.length === 3), 30));
        const y = numbers(r, shape);
        const loss = (z: tf.Tensor) => tf.sum(tf.mul(tf.softmax(z), y)) as tf.Scalar;
        expectSame(() => [tf.softmax(x), tf.grad(loss)(x)]);
        tf.dispose([x, y]);
      }
      expect(calls().filter((call) => call === 'softmax')).toHaveLength(6);
    });

    it('cuts parts along an axis, also in the gradient of a concatenation', () => {
      const r = random(9);
      const [x, y] = [numbers(r, [4, 6, 10], true), numbers(r, [4, 6, 3])];
      expectSame(() => [tf.slice(x, [0, 2, 0], [4, 3, 10]), tf.slice(x, [0, 0, 9], [-1, -1, 1])]);
      expectSame(() => [
        tf.slice(x, [1, 2, 3], [2, 2, 2]),
        tf.slice(x, 1, 2),
        tf.slice(x, [0, 6, 0], [4, 0, 10]),
      ]);
      expectSame(() => [...tf.split(x, [1, 4, 5], 2), ...tf.split(x, 3, 1), ...tf.split(x, [2, -1], 0)]);
      for (const axis of [2, -1]) {
        expectSame(() => tf.grads((a, b) => tf.sum(tf.square(tf.concat([a!, b!], axis))))([x, y]));
      }
      tf.dispose([x, y]);
    });

    it('leaves other dtypes, and what is empty, to tf.js', () => {
      const r = random(7);
      const [a, b, x] = [ids(r, [30, 30], 9), ids(r, [30, 30], 9), tf.zeros([0, 5])];
      expectSame(() => [tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D), tf.add(a, b), tf.sum(a, 0)]);
      expectSame(() => [tf.matMul(x as tf.Tensor2D, tf.zeros([5, 4])), tf.sum(x, 0), tf.add(x, 1)]);
      tf.dispose([a, b, x]);
      expect(calls()).toEqual([]);
    });
  });
}
