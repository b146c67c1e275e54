import { random } from '@gatewise/core';
import { softmaxCrossEntropy, trainable } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { arithmeticNames, withArithmetic } from './arithmetics.js';
import { expectSame, ids, numbers, size } from './compare.js';

/** Loss and its gradient, times 3: the chain rule shows. */
const both = (y: tf.Tensor, z: tf.Tensor, mask?: tf.Tensor) => () => {
  const f = tf.valueAndGrad((x: tf.Tensor) => tf.mul(softmaxCrossEntropy(y, x, mask), 3));
  const { value, grad } = f(z);
  return [value, grad, softmaxCrossEntropy(y, z, mask)];
};

for (const name of arithmeticNames) {
  withArithmetic(name, (calls) => {
    it('is the loss composed of tf.js’ ops: ids, distributions, masks', () => {
      for (let seed = 0; seed < 30; seed++) {
        const r = random(seed);
        const [B, T, C] = [1 + r.int(6), 1 + r.int(9), 1 + size(r)];
        const z = tf.tidy(() => tf.mul(numbers(r, [B, T, C]), 10 ** r.int(4)));
        const y = ids(r, [B, T], C);
        const soft = tf.tidy(() => tf.softmax(numbers(r, [B, T, C])));
        const mask =
          seed % 2 ? tf.tidy(() => tf.cast(tf.greater(numbers(r, [B, T]), 0), 'int32')) : undefined;
        const hot = tf.oneHot(y as tf.Tensor1D, C);
        for (const targets of [y, soft, hot]) expectSame(both(targets, z, mask));
        tf.dispose([z, y, soft, hot, ...(mask ? [mask] : [])]);
      }
      expect(calls().filter((call) => call === 'crossEntropy')).toHaveLength(180);
    });

    it('shows a logit that is NaN or Infinity in the loss and in its row', () => {
      for (const odd of [Number.NaN, Infinity, -Infinity]) {
        const z = tf.tensor2d([
          [1, 2, 3],
          [0, odd, 1],
          [4, 5, 6],
        ]);
        const y = tf.tensor2d([
          [0, 0, 1],
          [0, 1, 0],
          [1, 0, 0],
        ]);
        expectSame(both(y, z));
        tf.dispose([z, y]);
      }
    });

    it('leaves a class of probability 0 out, by ids, where a product with 0 would be NaN', () => {
      const [z, y] = [tf.tensor2d([[0, -Infinity, 0]]), tf.tensor1d([2], 'int32')];
      const [value, grad] = both(y, z)() as [tf.Tensor, tf.Tensor];
      expect(value.dataSync()[0]).toBeCloseTo(3 * Math.LN2, 6);
      expect([...grad.dataSync()]).toEqual([1.5, 0, -1.5]);
      tf.dispose([z, y, value, grad]);
    });

    it('weighs classes in the same kernel', async () => {
      const model = tf.sequential({
        layers: [tf.layers.dense({ units: 3, inputShape: [2], useBias: false })],
      });
      const weigh = trainable(model, { loss: 'softmaxCrossEntropy', classWeights: [0.5, 2, 0.1] });
      const batch = {
        x: tf.tensor2d([
          [1, 2],
          [3, -1],
          [0, 1],
        ]),
        y: tf.tensor1d([0, 1, 1], 'int32'),
      };
      expectSame(() => {
        const { value, grads } = tf.variableGrads(() => weigh.loss(batch, true));
        return [value, ...Object.values(grads)];
      });
      expect(calls()).toContain('crossEntropy');
      tf.dispose([batch.x, batch.y]);
      model.dispose();
    });

    it('keeps the checks, and takes no gradient to the targets', () => {
      const z = tf.zeros([2, 3]);
      expect(() => softmaxCrossEntropy(tf.tensor1d([0, 3], 'int32'), z)).toThrow('target 3');
      const grad = tf.grad((x: tf.Tensor) => softmaxCrossEntropy(tf.softmax(x), tf.add(x, 1)))(
        tf.tensor2d([[1, 2, 3]]),
      );
      const sum = grad.dataSync<'float32'>().reduce((a, b) => a + b, 0);
      expect(sum).toBeCloseTo(0, 6);
    });
  });
}
