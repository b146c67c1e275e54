import '@tensorflow/tfjs';
import { loadNative } from '@gatewise/engine-native';
import { installKernels, removeKernels } from '@gatewise/kernels';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adam, fusedInstead, sgd } from './index.js';

const native = await loadNative();
const title = 'missing' in native ? ' (skipped: no engine is built here)' : '';

describe.skipIf('missing' in native)(`what to use instead of an optimizer of tf.js${title}`, () => {
  beforeAll(async () => {
    await tf.setBackend('cpu');
    installKernels();
  });
  afterAll(removeKernels);

  it.each<[string | null, () => tf.Optimizer]>([
    ['sgd', () => tf.train.sgd(1)],
    ['momentum', () => tf.train.momentum(1, 0.9)],
    ['nesterov', () => tf.train.momentum(1, 0.9, true)],
    ['rmsprop', () => tf.train.rmsprop(1)],
    [null, () => tf.train.rmsprop(1, 0.9, 0.5)],
    [null, () => tf.train.rmsprop(1, 0.9, 0, 1e-8, true)],
    ['adam', () => tf.train.adam(1)],
    [null, () => tf.train.adagrad(1)],
    [null, () => adam()],
    [null, () => sgd()],
    [null, () => ({ applyGradients() {} }) as unknown as tf.Optimizer],
  ])('is %s', (name, make) => {
    expect(fusedInstead(make())).toBe(name);
  });

  it('is nothing where our kernels are not in use', () => {
    removeKernels();
    expect(fusedInstead(tf.train.adam(1))).toBe(null);
  });
});
