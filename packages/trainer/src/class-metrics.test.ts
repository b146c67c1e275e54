import { random } from '@gatewise/core';
import type { Batch } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluate, type LossName, type MetricName, train, trainable } from './index.js';
import { Means, Report } from './logs.js';
import { readMetrics } from './metrics.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** A model whose predictions are its inputs. */
function echo(shape: number[], loss: LossName) {
  const x = tf.input({ shape });
  const kernelInitializer = tf.initializers.identity({ gain: 1 });
  const units = shape.at(-1) as number;
  const y = tf.layers.dense({ units, kernelInitializer, useBias: false }).apply(x) as tf.SymbolicTensor;
  return trainable(tf.model({ inputs: x, outputs: y }), { loss });
}

const draw = random(5);
const table = (rows: number, C: number) =>
  Array.from({ length: rows }, () => ({
    z: Array.from({ length: C }, () => draw.normal()),
    y: draw.int(C),
  }));
type Rows = ReturnType<typeof table>;
const batchOf = (rows: Rows): Batch => ({
  x: tf.tensor2d(rows.map(({ z }) => z)),
  y: tf.tensor1d(
    rows.map(({ y }) => y),
    'int32',
  ),
});
const likeliest = (z: number[]) => z.indexOf(Math.max(...z));
/** By counting. */
function scoresOf(pairs: readonly (readonly [actual: boolean, predicted: boolean])[]) {
  const hit = pairs.filter(([a, p]) => a && p).length;
  const [actual, predicted] = [0, 1].map((i) => pairs.filter((pair) => pair[i]).length) as [number, number];
  const [precision, recall] = [predicted ? hit / predicted : 0, actual ? hit / actual : 0];
  return {
    precision,
    recall,
    f1: precision + recall > 0 ? (2 * precision * recall) / (precision + recall) : 0,
  };
}
const ofClass = (rows: Rows, c: number) => scoresOf(rows.map(({ z, y }) => [y === c, likeliest(z) === c]));

describe('precision, recall and F1', () => {
  it('of one class and of all, over the epoch and not over batches', async () => {
    const rows = table(60, 5).map(({ z, y }) => ({ z: z.map((v, c) => (c === 3 ? -9 : v)), y: y % 3 }));
    const metrics = [
      'class1Precision',
      'class1Recall',
      'class1F1',
      'class3F1',
      'macro5Precision',
      'macro5F1',
    ] as const;
    const batches = [batchOf(rows.slice(0, 7)), batchOf(rows.slice(7))];
    const logs = await evaluate(echo([5], 'softmaxCrossEntropy'), batches, { metrics });
    expect(Object.keys(logs)).toEqual(['loss', ...metrics]);
    const one = ofClass(rows, 1);
    expect(logs.class1Precision).toBeCloseTo(one.precision, 6);
    expect(logs.class1Recall).toBeCloseTo(one.recall, 6);
    expect(logs.class1F1).toBeCloseTo(one.f1, 6);
    expect(logs.class3F1).toBe(0);
    // class 3 is neither there nor predicted; class 4 is predicted
    const all = [0, 1, 2, 4].map((c) => ofClass(rows, c));
    const mean = (of: (one: (typeof all)[0]) => number) => all.reduce((sum, each) => sum + of(each), 0) / 4;
    expect(logs.macro5Precision).toBeCloseTo(
      mean(({ precision }) => precision),
      6,
    );
    expect(logs.macro5F1).toBeCloseTo(
      mean(({ f1 }) => f1),
      6,
    );
  });

  it('of the second of two classes, as ids and as one-hot rows', async () => {
    const rows = table(40, 2);
    const { precision, recall, f1 } = ofClass(rows, 1);
    const metrics = ['precision', 'recall', 'f1'] as const;
    const hot = {
      ...batchOf(rows),
      y: tf.oneHot(
        rows.map(({ y }) => y),
        2,
      ),
    };
    for (const batch of [batchOf(rows), hot]) {
      const logs = await evaluate(echo([2], 'softmaxCrossEntropy'), [batch], { metrics });
      expect([logs.precision, logs.recall, logs.f1].map((v) => v?.toFixed(5))).toEqual(
        [precision, recall, f1].map((v) => v.toFixed(5)),
      );
    }
  });

  it('of independent classes, together and one by one, without padding', async () => {
    const probabilities = tf.tensor3d([
      [
        [0.9, 0.2],
        [0.7, 0.6],
        [0.9, 0.9],
      ],
    ]);
    const y = tf.tensor3d([
      [
        [1, 1],
        [0, 1],
        [0, 0],
      ],
    ]);
    const metrics = ['precision', 'recall', 'class0Recall', 'macro2F1'] as const;
    const batch = { x: probabilities, y, lengths: [2] };
    const logs = await evaluate(echo([3, 2], 'binaryCrossentropy'), [batch], { metrics });
    expect(logs.precision).toBeCloseTo(2 / 3, 6);
    expect(logs.recall).toBeCloseTo(2 / 3, 6);
    expect(logs.class0Recall).toBe(1);
    expect(logs.macro2F1).toBeCloseTo(2 / 3, 6);
  });

  it('stand in the logs of training and validation, of steps too', async () => {
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 2, inputShape: [2], kernelInitializer: 'ones' })],
    });
    const rows = table(6, 2);
    const { history } = await train(model, () => [batchOf(rows), batchOf(rows)], {
      ...{ loss: 'softmaxCrossEntropy', epochs: 1, optimizer: tf.train.sgd(0.1), metrics: ['f1'] },
      validation: () => [batchOf(rows)],
    });
    expect(Object.keys(history[0] ?? {}).sort()).toEqual(['f1', 'loss', 'valF1', 'valLoss']);
  });

  it('go on from the sums of a checkpoint', async () => {
    const metrics = readMetrics(['precision']);
    const [whole, first, second] = [new Means(), new Means(), new Means()];
    const add = (means: Means, values: number[]) => {
      const report = new Report();
      for (const [i, { name, part }] of metrics.entries())
        report.set(name, values[i] as number, { weight: 4, ...(part && { part }) });
      means.add(report, 4);
    };
    for (const means of [whole, first]) add(means, [0.25, 0.5, 0.5]);
    await first.flush();
    second.restore(first.sums(), (name) => metrics.find((metric) => metric.name === name));
    for (const means of [whole, second]) add(means, [0.5, 0.5, 0.75]);
    for (const means of [whole, second]) await means.flush();
    expect(whole.values()).toEqual({ precision: 0.75 });
    expect(second.values()).toEqual(whole.values());
  });

  it.each<[MetricName[], string]>([
    [['f1'], 'got f1 of 3 classes, wanted the name of one class, such as class1F1, or macro3F1'],
    [['class3F1'], 'got class3F1 of 3 classes, wanted a class from 0 to 2'],
    [['macro4Recall'], 'got macro4Recall of 3 classes'],
    [['f1', 'f1'], 'got two metrics named "f1"'],
    [['F1' as never], 'got the metric "F1", wanted one of'],
  ])('%j is refused', async (metrics, message) => {
    const scoring = async () =>
      evaluate(echo([3], 'softmaxCrossEntropy'), [batchOf(table(4, 3))], { metrics });
    await expect(scoring()).rejects.toThrow(`GW_TRAIN_METRICS: ${message}`);
  });
});
