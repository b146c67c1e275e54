import '@tensorflow/tfjs';
import { loadNative } from '@gatewise/engine-native';
import { installKernels } from '@gatewise/kernels';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { adam, adamw, momentum, RuleOptimizer, rmsprop, sgd } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('options', () => {
  it.each<[() => unknown, RegExp]>([
    [
      () => sgd({ learningRate: Number.NaN }),
      /^GW_OPTIM_OPTION: sgd: got learningRate NaN, wanted a finite number from 0/,
    ],
    [() => sgd({ learningRate: -1 }), /GW_OPTIM_OPTION/],
    [() => momentum({ momentum: 1 }), /momentum: got momentum 1, wanted a number from 0 to below 1/],
    [() => rmsprop({ decay: Number.POSITIVE_INFINITY }), /GW_OPTIM_OPTION/],
    [() => adam({ beta2: 1 }), /beta2 1/],
    [() => adam({ epsilon: '1e-8' as unknown as number }), /epsilon 1e-8/],
    [() => adam({ epsilom: 1 } as object), /the option "epsilom".*did you mean "epsilon"/],
    [() => adamw({ weightDecay: -0.1 }), /weightDecay -0.1/],
    [() => Object.assign(adam(), { learningRate: Number.NaN }), /adam: got learningRate NaN/],
  ])('%s is refused', (make, message) => {
    expect(make).toThrow(message);
  });

  it('are told by getConfig', () => {
    expect(adamw({ learningRate: 0.1 }).getConfig()).toEqual({
      ...{ learningRate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
    });
  });

  it('tells its own kind from the optimizers of tf.js', () => {
    expect(RuleOptimizer.is(adam())).toBe(true);
    expect(RuleOptimizer.is(tf.train.sgd(1))).toBe(false);
  });
});

function disposed(): tf.Tensor {
  const gone = tf.ones([2]);
  gone.dispose();
  return gone;
}

describe.each(['composed', 'as provided'])('gradients, %s', (how) => {
  beforeAll(async () => {
    if (how === 'composed') return;
    await loadNative();
    installKernels();
  });

  it.each<[string, (name: string) => [string, tf.Tensor][], RegExp]>([
    ['of no variable', () => [['nobody', tf.ones([2])]], /^GW_OPTIM_WEIGHT: got a gradient of "nobody"/],
    ['disposed of', (b) => [[b, disposed()]], /^GW_OPTIM_DISPOSED: got a disposed gradient of/],
    [
      'of another shape',
      (b) => [[b, tf.ones([2, 1])]],
      /^GW_OPTIM_SHAPE: got a gradient \[2,1\] .* shape \[2\]/,
    ],
    ['of another type', (b) => [[b, tf.ones([2], 'int32')]], /^GW_OPTIM_DTYPE: got float32 .* int32/],
    ['that are no tensors', (b) => [[b, 3 as unknown as tf.Tensor]], /^GW_OPTIM_GRADIENT: got a number/],
    [
      'twice',
      (b) => [
        [b, tf.ones([2])],
        [b, tf.ones([2])],
      ],
      /^GW_OPTIM_TWICE: got two gradients/,
    ],
  ])('%s are refused, and nothing changes', (_, bad, message) => {
    const before = tf.memory().numTensors;
    tf.tidy(() => {
      const [a, b] = [tf.variable(tf.ones([2])), tf.variable(tf.ones([2]))];
      const optimizer = adam();
      const good = { name: a.name, tensor: tf.ones([2]) };
      const odd = bad(b.name).map(([name, tensor]) => ({ name, tensor }));
      expect(() => optimizer.applyGradients([good, ...odd])).toThrow(message);
      expect([...a.dataSync(), ...b.dataSync()]).toEqual([1, 1, 1, 1]);
      expect(optimizer.iterations).toBe(0);
      a.dispose();
      b.dispose();
      optimizer.dispose();
    });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('of null leave a weight alone; a weight that was disposed of is refused', () => {
    const [a, b] = [tf.variable(tf.ones([2])), tf.variable(tf.ones([2]))];
    const g = tf.ones([2]);
    const optimizer = sgd({ learningRate: 1 });
    optimizer.applyGradients({ [a.name]: g, [b.name]: null as unknown as tf.Tensor });
    expect([...a.dataSync(), ...b.dataSync()]).toEqual([0, 0, 1, 1]);
    b.dispose();
    expect(() => optimizer.applyGradients({ [b.name]: g })).toThrow(/GW_OPTIM_WEIGHT/);
    tf.dispose([a, g]);
  });
});
