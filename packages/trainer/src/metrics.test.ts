import type { Batch, Logs } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { failure, line, plugin, points } from '../test/fixtures.js';
import { evaluate, type LossName, type Metric, type MetricName, train, trainable } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** A model whose predictions are its inputs. */
function echo(shape: number[], loss: LossName | ((y: tf.Tensor, p: tf.Tensor) => tf.Tensor), scale = 1) {
  const x = tf.input({ shape });
  const kernelInitializer = tf.initializers.identity({ gain: scale });
  const units = shape.at(-1) as number;
  const y = tf.layers.dense({ units, kernelInitializer, useBias: false }).apply(x) as tf.SymbolicTensor;
  return trainable(tf.model({ inputs: x, outputs: y }), { loss });
}
const score = async (
  loss: Parameters<typeof echo>[1],
  batch: Omit<Batch, 'x'> & { x: tf.Tensor },
  metrics: readonly MetricName[],
): Promise<Logs> => evaluate(echo(batch.x.shape.slice(1), loss), [batch], { metrics });

// [2,3,3]: likeliest 0 1 2 | 2 0 1
const logits = () =>
  tf.tensor3d([
    [
      [3, 1, 0],
      [0, 2, 1],
      [0, 1, 5],
    ],
    [
      [0, 1, 2],
      [4, 3, 0],
      [0, 2, 1],
    ],
  ]);
const ids = () =>
  tf.tensor2d(
    [
      [0, 1, 1],
      [2, 1, 0],
    ],
    [2, 3],
    'int32',
  );
const softmax = (z: number[], y: number) =>
  Math.log(z.reduce((sum, v) => sum + Math.exp(v), 0)) - (z[y] as number);
const steps: [number[], number][] = [
  [[3, 1, 0], 0],
  [[0, 2, 1], 1],
  [[0, 1, 5], 1],
  [[0, 1, 2], 2],
  [[4, 3, 0], 1],
  [[0, 2, 1], 0],
];
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe('metrics of classes', () => {
  it('over ids, one-hot rows and padded rows', async () => {
    const names = ['accuracy', 'tokenErrorRate', 'top2Accuracy', 'sequenceAccuracy'] as const;
    const all = await score('softmaxCrossEntropy', { x: logits(), y: ids() }, names);
    expect(all.accuracy).toBeCloseTo(3 / 6, 6);
    expect(all.tokenErrorRate).toBeCloseTo(3 / 6, 6);
    expect(all.top2Accuracy).toBeCloseTo(5 / 6, 6);
    expect(all.sequenceAccuracy).toBe(0);
    const hot = tf.oneHot(ids(), 3);
    const same = await score('softmaxCrossEntropy', { x: logits(), y: hot }, names);
    for (const name of names) expect(same[name]).toBeCloseTo(all[name] as number, 6);
    const padded = await score('softmaxCrossEntropy', { x: logits(), y: ids(), lengths: [2, 1] }, names);
    expect(padded).toMatchObject({ accuracy: 1, tokenErrorRate: 0, top2Accuracy: 1, sequenceAccuracy: 1 });
  });

  it('cross-entropy, perplexity and bits per character, over all targets and not over batches', async () => {
    const names = ['crossEntropy', 'perplexity', 'bitsPerCharacter'] as const;
    const nats = mean(steps.map(([z, y]) => softmax(z, y)));
    const each = (n: number) => ({ x: tf.slice(logits(), [n], [1]), y: tf.slice(ids(), [n], [1]) });
    const model = echo([3, 3], 'softmaxCrossEntropy');
    for (const batches of [[{ x: logits(), y: ids() }], [each(0), each(1)]]) {
      const got = await evaluate(model, batches, { metrics: names });
      expect(got.crossEntropy).toBeCloseTo(nats, 5);
      expect(got.perplexity).toBeCloseTo(Math.exp(nats), 4);
      expect(got.bitsPerCharacter).toBeCloseTo(nats / Math.LN2, 5);
    }
    // of a loss that is no mean of them, and of probabilities
    const double = (y: tf.Tensor, p: tf.Tensor) => tf.mul(2, tf.losses.softmaxCrossEntropy(y, p));
    const error = await failure(score(double, { x: logits(), y: tf.oneHot(ids(), 3) }, names));
    expect(error).toMatchObject({ code: 'GW_TRAIN_METRICS' });
    const p = { x: tf.softmax(logits()), y: ids() };
    const likelihood = await score('sparseCategoricalCrossentropy', p, names);
    expect(likelihood.crossEntropy).toBeCloseTo(nats, 5);
  });

  it('of independent classes', async () => {
    const x = tf.tensor2d([
      [0.9, 0.2],
      [0.6, 0.7],
    ]);
    const y = tf.tensor2d([
      [1, 0],
      [0, 1],
    ]);
    expect((await score('binaryCrossentropy', { x, y }, ['accuracy'])).accuracy).toBeCloseTo(0.75, 6);
  });

  it('in top k, whatever the size of logits: infinite ones too', async () => {
    const x = tf.tensor2d([
      [Number.NEGATIVE_INFINITY, 1e30, 0],
      [1, 2, 3],
    ]);
    const model = { ...echo([3], 'softmaxCrossEntropy') };
    const shown = { targets: tf.tensor1d([2, 0], 'int32'), predictions: x, form: 'logits' } as const;
    const loss: typeof model.loss = (_batch, _training, show) => {
      show?.(shown);
      return tf.scalar(0);
    };
    const batch = { x: tf.zeros([2, 3]), y: tf.zeros([2], 'int32') };
    const got = await evaluate({ ...model, loss }, [batch], { metrics: ['top1Accuracy', 'top2Accuracy'] });
    expect(got).toMatchObject({ top1Accuracy: 0, top2Accuracy: 0.5 });
  });
});

describe('metrics of values', () => {
  it('mean absolute and squared errors, and the root over all targets', async () => {
    const names = ['meanAbsoluteError', 'meanSquaredError', 'rootMeanSquaredError'] as const;
    const part = (p: number[], y: number[]) => ({
      x: tf.tensor2d(p, [p.length, 1]),
      y: tf.tensor2d(y, [y.length, 1]),
    });
    const model = echo([1], 'huber');
    const batches = [part([1, 2, 3], [1, 4, 0]), part([5], [4])];
    const got = await evaluate(model, batches, { metrics: names });
    expect(got.meanAbsoluteError).toBeCloseTo((0 + 2 + 3 + 1) / 4, 6);
    expect(got.meanSquaredError).toBeCloseTo((4 + 9 + 1) / 4, 6);
    expect(got.rootMeanSquaredError).toBeCloseTo(Math.sqrt(14 / 4), 6);
    expect(got.loss).toBeCloseTo((0 + 1.5 + 2.5 + 0.5) / 4, 6);
  });

  it('leave padding out', async () => {
    const x = tf.tensor3d([
      [[1], [9]],
      [[2], [4]],
    ]);
    const y = tf.zeros([2, 2, 1]);
    const batch = { x, y, lengths: [1, 2] };
    expect((await score('meanSquaredError', batch, ['meanAbsoluteError'])).meanAbsoluteError).toBeCloseTo(
      7 / 3,
      6,
    );
  });
});

describe('metrics in train', () => {
  const classes = () => [
    { x: logits(), y: ids() },
    { x: logits(), y: ids() },
  ];

  it('are in the logs of steps, epochs and validation, of the loss’ own predictions', async () => {
    const model = echo([3, 3], 'softmaxCrossEntropy');
    let calls = 0;
    const counted: typeof model = {
      ...model,
      loss(...args) {
        calls++;
        return model.loss(...args);
      },
    };
    const seen: Logs[] = [];
    const see = plugin('see', { onBatchEnd: async ({ logs }) => void seen.push(await logs()) });
    const optimizer = tf.train.sgd(0);
    const { history } = await train(counted, classes, {
      ...{ epochs: 1, optimizer, validation: classes, plugins: [see] },
      metrics: ['accuracy', 'perplexity'],
    });
    expect(calls).toBe(4); // no pass of their own
    expect(seen[0]?.accuracy).toBeCloseTo(0.5, 6);
    expect(seen[0]?.perplexity).toBeCloseTo(Math.exp(seen[0]?.loss as number), 4);
    for (const [name, value] of Object.entries(seen[1] ?? {}))
      expect(history[0]?.[name]).toBeCloseTo(value, 5);
    expect(Object.keys(seen[1] ?? {})).toEqual(['loss', 'accuracy', 'perplexity']);
    expect(history[0]?.valAccuracy).toBeCloseTo(0.5, 6);
    expect(history[0]?.valPerplexity).toBeCloseTo(Math.exp(history[0]?.valLoss as number), 4);
  });

  it('change no weight, and leak nothing', async () => {
    const run = async (metrics: readonly MetricName[]) => {
      const model = echo([3, 3], 'softmaxCrossEntropy');
      const optimizer = tf.train.sgd(0.1);
      const before = tf.memory().numTensors;
      await train(model, classes, { epochs: 3, optimizer, validation: classes, metrics });
      expect(tf.memory().numTensors).toBe(before);
      return [...(Object.values(model.weights)[0] as tf.Variable).dataSync()];
    };
    expect(await run(['accuracy', 'sequenceAccuracy', 'top2Accuracy', 'perplexity'])).toEqual(await run([]));
  });

  it('may be one’s own', async () => {
    const bias: Metric = {
      name: 'bias',
      mean: ({ predictions, targets }) => tf.mean(tf.sub(predictions, targets)),
    };
    const x = tf.tensor2d([[3], [5]]);
    const got = await evaluate(echo([1], 'meanSquaredError'), [{ x, y: tf.zeros([2, 1]) }], {
      metrics: [bias],
    });
    expect(got.bias).toBeCloseTo(4, 6);
  });

  it('are refused: unknown ones, two of a name, a model that shows nothing, predictions that do not fit', async () => {
    const bad = (metrics: unknown, model: Parameters<typeof train>[0] = line()) =>
      failure(train(model, points(1), { epochs: 1, optimizer: tf.train.sgd(0), metrics: metrics as [] }));
    const expected = (text: string) => ({ code: 'GW_TRAIN_METRICS', message: expect.stringContaining(text) });
    expect(await bad(['acuracy'])).toMatchObject(expected('did you mean "accuracy"'));
    expect(await bad('accuracy')).toMatchObject(expected('a list of names'));
    expect(await bad(['top0Accuracy'])).toMatchObject(expected('"top0Accuracy"'));
    expect(await bad([3])).toMatchObject(expected('the metric 3'));
    expect(await bad(['accuracy', 'accuracy'])).toMatchObject(expected('two metrics named "accuracy"'));
    expect(await bad(['meanSquaredError'])).toMatchObject(expected('"line", whose loss does not call show'));
    const regression = () => echo([1], 'meanSquaredError');
    expect(await bad(['accuracy'], regression())).toMatchObject(expected('classes to choose from'));
    expect(await bad(['perplexity'], regression())).toMatchObject(expected('no classes'));
    const tensors = tf.memory().numTensors;
    await bad(['accuracy'], regression());
    expect(tf.memory().numTensors - tensors).toBeLessThanOrEqual(3); // the model and the optimizer of the call
  });

  it('keep their names for themselves', async () => {
    const taking = plugin('taking', { onEpochEnd: ({ report }) => report('valAccuracy', 1) });
    const options = {
      epochs: 1,
      optimizer: tf.train.sgd(0),
      metrics: ['accuracy'] as const,
      plugins: [taking],
    };
    const error = await failure(train(echo([3, 3], 'softmaxCrossEntropy'), classes, options));
    expect(error.message).toContain('GW_PLUGIN_REPORT');
  });

  it('have types: the names that were asked for', async () => {
    const model = echo([1], 'meanSquaredError');
    const batch = () => [{ x: tf.zeros([1, 1]), y: tf.zeros([1, 1]) }];
    const number: number = await evaluate(model, batch());
    const { loss, meanAbsoluteError } = await evaluate(model, batch(), { metrics: ['meanAbsoluteError'] });
    expect([number, loss satisfies number, meanAbsoluteError satisfies number]).toEqual([0, 0, 0]);
    // @ts-expect-error no such metric
    expect(await failure(evaluate(model, batch(), { metrics: ['mse'] }))).toBeInstanceOf(Error);
  });
});
