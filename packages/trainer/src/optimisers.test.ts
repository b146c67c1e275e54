import '@tensorflow/tfjs';
import { loadNative } from '@gatewise/engine-native';
import { installKernels, removeKernels } from '@gatewise/kernels';
import { adam, momentum, type RuleOptimizer, sgd, type WeightChoice } from '@gatewise/optimisers';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { line, plugin, points } from '../test/fixtures.js';
import { setLearningRate } from './learning-rate.js';
import { train } from './train.js';

const native = await loadNative();
const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});

beforeAll(async () => {
  await tf.setBackend('cpu');
  // with its first tensor tf.js advertises its native backend
  tf.zeros([1]).dispose();
  warn.mockClear();
});
afterEach(() => {
  removeKernels();
  warn.mockClear();
});

/** What `make` gives, without the tensors its variables were made of. */
function made<T>(make: () => T): T {
  let result: T | undefined;
  tf.tidy(() => {
    result = make();
  });
  return result as T;
}

async function fit(optimizer: tf.Optimizer, plugins = [plugin('nothing', {})], steps?: number) {
  const model = made(line);
  const limit = steps === undefined ? {} : { steps };
  const { history } = await train(model, points(20), { optimizer, epochs: 2, plugins, ...limit });
  const weights = [...(await model.weights.w.data()), ...(await model.weights.b.data())];
  tf.dispose([model.weights.w, model.weights.b]);
  optimizer.dispose();
  return { weights, loss: history.at(-1)!.loss! };
}

const pairs: [string, () => RuleOptimizer, () => tf.Optimizer][] = [
  ['sgd', () => sgd({ learningRate: 0.1 }), () => tf.train.sgd(0.1)],
  ['momentum', () => momentum({ learningRate: 0.05 }), () => tf.train.momentum(0.05, 0.9)],
  ['adam', () => adam({ learningRate: 0.1 }), () => tf.train.adam(0.1, 0.9, 0.999, 1e-8)],
];

describe.each(['ops', 'the kernels of an engine'])('training by %s', (how) => {
  const kernels = how !== 'ops';
  beforeEach(({ skip }) => {
    if (!kernels) return;
    if ('missing' in native) skip(native.missing.message);
    installKernels();
  });

  it.each(pairs)('with %s learns as with that of tf.train, and leaks nothing', async (_, ours, theirs) => {
    const before = tf.memory().numTensors;
    const got = await fit(ours());
    expect(tf.memory().numTensors).toBe(before);
    const want = await fit(theirs());
    for (const [i, w] of want.weights.entries()) expect(got.weights[i]).toBeCloseTo(w, 4);
    expect(got.loss).toBeCloseTo(want.loss, 4);
  });

  it('takes the learning rate that a plugin provides', async () => {
    const still = plugin('still', { provideLearningRate: () => 0 });
    expect((await fit(adam({ learningRate: 0.1 }), [still])).weights).toEqual([0, 0]);
    const halving = plugin('halving', { provideLearningRate: ({ step }) => 0.1 * 0.5 ** step });
    expect((await fit(sgd({ learningRate: 9 }), [halving])).loss).toBeLessThan(5);
  });
});

describe('groups of weights', () => {
  const make = (weights: WeightChoice) =>
    sgd({ learningRate: 0.1, groups: [{ weights, learningRate: 0.05 }] });

  it('keep their ratio under a schedule, and go by the names of the model', async () => {
    const falling = (start: number) =>
      plugin('falling', { provideLearningRate: ({ step }) => start * 0.5 ** step });
    const both = await fit(sgd({ learningRate: 7 }), [falling(0.2)], 1);
    const apart = await fit(make(/^b$/), [falling(0.2)], 1);
    expect(apart.weights[0]).toBe(both.weights[0]);
    expect(apart.weights[1]).toBeCloseTo(both.weights[1]! / 2, 6);
  });

  it('are refused before anything runs where the model has none of their weights', async () => {
    const begun = vi.fn();
    const watch = plugin('watch', { onTrainBegin: begun });
    await expect(fit(make('head/'), [watch])).rejects.toThrow(
      /^GW_OPTIM_GROUP: got group 0 of the weights "head\/…", which is none of them, wanted some of w, b/,
    );
    expect(begun).not.toHaveBeenCalled();
  });
});

it('sets the learning rate of an optimiser between steps, and leaks nothing', () => {
  const optimizer = adam();
  const before = tf.memory().numTensors;
  setLearningRate(optimizer, 0.25);
  expect(optimizer.learningRate).toBe(0.25);
  expect(tf.memory().numTensors).toBe(before);
});

describe.skipIf('missing' in native)('where an engine brings its kernels', () => {
  it('says once, by name, what does the update of a tf.train optimizer faster', async () => {
    await fit(tf.train.rmsprop(0.01));
    expect(warn).not.toHaveBeenCalled();
    installKernels();
    for (let n = 0; n < 2; n++) await fit(tf.train.rmsprop(0.01));
    await fit(adam());
    await fit(tf.train.adagrad(0.1));
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(
          /^gatewise: tf\.train\.rmsprop updates op by op .* rmsprop of @gatewise\/optimisers/,
        ),
      ],
    ]);
  });
});
