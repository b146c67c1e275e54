import { useBackend } from '@gatewise/backends';
import { kernelsInstalled } from '@gatewise/kernels';
import { lstm } from '@gatewise/layers';
import { softmaxCrossEntropy } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { arithmeticNames, withArithmetic } from './arithmetics.js';
import { expectSame } from './compare.js';

const [B, T, V, H, C] = [5, 7, 11, 16, 13];

/** Ids through an embedding, an LSTM and two dense layers to the loss; every gradient. */
function network() {
  const model = tf.sequential({
    layers: [
      tf.layers.embedding({ inputDim: V, outputDim: 9, inputLength: T }),
      lstm({ units: H, returnSequences: true }),
      tf.layers.dense({ units: 20, activation: 'tanh' }),
      tf.layers.dense({ units: C }),
    ],
  });
  const x = tf.tidy(() => tf.cast(tf.floor(tf.randomUniform([B, T], 0, V, 'float32', 1)), 'int32'));
  const y = tf.tidy(() => tf.cast(tf.floor(tf.randomUniform([B, T], 0, C, 'float32', 2)), 'int32'));
  const weights = model.trainableWeights.map((w) => w.read() as tf.Variable);
  const gradients = () => {
    const loss = () => softmaxCrossEntropy(y, model.apply(x, { training: true }) as tf.Tensor);
    const { value, grads } = tf.variableGrads(loss, weights);
    return [value, ...Object.values(grads)];
  };
  return { gradients, dispose: () => tf.dispose([model, x, y] as never) };
}

for (const name of arithmeticNames) {
  withArithmetic(name, (calls) => {
    it('computes the gradients of a whole step, and leaks nothing', () => {
      const { gradients, dispose } = network();
      expectSame(gradients);
      const made = new Set(calls());
      expect([...made].sort()).toEqual(
        ['apply', 'combine', 'crossEntropy', 'gatherRows', 'product', 'scatterRows', 'sumRows'].sort(),
      );
      dispose();
    });

    it('is left out where tf.js’ own kernels are asked for, and comes back', async () => {
      const own = tf.getKernel('BatchMatMul', 'cpu');
      const info = await useBackend('cpu', { kernels: 'tfjs' });
      expect(info.kernels).toBe('tfjs');
      expect(kernelsInstalled()).toBe(false);
      expect(tf.getKernel('BatchMatMul', 'cpu')).not.toBe(own);
      const { gradients, dispose } = network();
      calls();
      tf.dispose(gradients());
      expect(calls()).toEqual([]);
      expect((await useBackend('cpu')).kernels).toBe(name);
      tf.dispose(gradients());
      expect(calls()).toContain('product');
      dispose();
    });
  });
}
