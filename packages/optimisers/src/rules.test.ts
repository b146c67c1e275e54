import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { adam, adamw, momentum, nesterov, rmsprop, sgd } from './index.js';
import { distance, expected, makeGradients, makeWeights, read, rules, run } from './test-support/cases.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe.each(rules)('%s, composed', (name, make) => {
  it('is the rule in float64', () => {
    const weights = makeWeights();
    const optimizer = make(1);
    expect(distance(run(optimizer, weights), expected(name))).toBeLessThan(1e-5);
    expect(optimizer.iterations).toBe(12);
    expect(optimizer.getClassName()).toBe(name);
    expect(optimizer.getConfig().learningRate).toBe(optimizer.learningRate);
    optimizer.dispose();
    tf.dispose(weights);
  });

  it('leaks nothing', () => {
    const before = tf.memory().numTensors;
    const weights = makeWeights();
    const optimizer = make(1);
    run(optimizer, weights, { to: 1 });
    const { numTensors, numBytes } = tf.memory();
    run(optimizer, weights, { from: 2, to: 6 });
    expect(tf.memory()).toMatchObject({ numTensors, numBytes });
    optimizer.dispose();
    tf.dispose(weights);
    expect(tf.memory().numTensors).toBe(before);
  });
});

/** tf.js has ε inside the root of RMSprop: the same where ε is nothing beside v. */
const pairs: readonly (readonly [string, () => tf.Optimizer, () => tf.Optimizer])[] = [
  ['sgd', () => sgd({ learningRate: 0.01 }), () => tf.train.sgd(0.01)],
  ['momentum', () => momentum({ learningRate: 0.01, momentum: 0.8 }), () => tf.train.momentum(0.01, 0.8)],
  [
    'nesterov',
    () => nesterov({ learningRate: 0.01, momentum: 0.8 }),
    () => tf.train.momentum(0.01, 0.8, true),
  ],
  [
    'rmsprop',
    () => rmsprop({ learningRate: 0.01, decay: 0.9, epsilon: 1e-10 }),
    () => tf.train.rmsprop(0.01, 0.9, 0, 1e-20),
  ],
  ['adam', () => adam({ learningRate: 0.01 }), () => tf.train.adam(0.01, 0.9, 0.999, 1e-8)],
];

it.each(pairs)('%s does what tf.train does', (_, ours, theirs) => {
  const [got, want] = [ours(), theirs()].map((optimizer) => {
    const weights = makeWeights();
    for (let t = 1; t <= 8; t++) {
      const gradients = makeGradients(weights, 4 * t).filter((_, k) => k % 4 !== 3);
      optimizer.applyGradients(gradients);
      tf.dispose(gradients.map(({ tensor }) => tensor));
    }
    const values = read(weights);
    optimizer.dispose();
    tf.dispose(weights);
    return values;
  });
  expect(distance(got!, want!)).toBeLessThan(1e-5);
});

it('minimises as every optimizer of tf.js does', () => {
  const w = tf.variable(tf.scalar(5));
  const optimizer = adam({ learningRate: 0.1 });
  for (let t = 0; t < 200; t++) optimizer.minimize(() => tf.square(tf.sub(w, 2)) as tf.Scalar, false, [w]);
  expect(w.dataSync()[0]).toBeCloseTo(2, 1);
  optimizer.dispose();
  w.dispose();
});

it('compiles into a model of tf.layers, and fits it', async () => {
  const before = tf.memory().numTensors;
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
  const optimizer = adamw({ learningRate: 0.05 });
  model.compile({ optimizer, loss: 'meanSquaredError' });
  const [x, y] = [tf.ones([8, 2]), tf.fill([8, 1], 3)];
  const { history } = await model.fit(x, y, { epochs: 30, verbose: 0 });
  expect(history.loss!.at(-1)).toBeLessThan((history.loss![0] as number) / 2);
  model.dispose();
  optimizer.dispose();
  tf.dispose([x, y]);
  expect(tf.memory().numTensors).toBe(before);
});

it('keeps the bias corrections exact after many steps', () => {
  // with a constant gradient m̂ = g and v̂ = g² at every step: each moves by η
  const w = tf.variable(tf.scalar(0));
  const g = tf.scalar(0.37);
  const optimizer = adam({ learningRate: 2 ** -10, beta1: 0.9, beta2: 0.999, epsilon: 0 });
  for (let t = 1; t <= 2000; t++) optimizer.applyGradients([{ name: w.name, tensor: g }]);
  expect(Math.abs(w.dataSync()[0]! + 2000 / 1024) / (2000 / 1024)).toBeLessThan(2e-5);
  optimizer.dispose();
  tf.dispose([w, g]);
});
