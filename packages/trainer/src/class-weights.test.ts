import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { failure } from '../test/fixtures.js';
import { evaluate, type TrainOptions, train, trainable } from './index.js';
import { objective } from './objective.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
const z = [
  [2, 1, 0],
  [0, 3, 1],
  [1, 1, 1],
  [5, 0, -5],
];
const y = [0, 2, 1, 2];
const weights = [0.1, 2, 0.5];
const nats = (row: number[], id: number) =>
  Math.log(row.reduce((sum, v) => sum + Math.exp(v), 0)) - (row[id] as number);
/** Σ w_y l / Σ w_y over some rows. */
const wanted = (rows: number[]) =>
  rows.reduce((sum, n) => sum + (weights[y[n]!] as number) * nats(z[n]!, y[n]!), 0) /
  rows.reduce((sum, n) => sum + (weights[y[n]!] as number), 0);
const value = (
  loss: 'softmaxCrossEntropy' | 'categoricalCrossentropy' | 'sparseCategoricalCrossentropy',
  targets: tf.Tensor,
  predictions: tf.Tensor,
  mask?: tf.Tensor2D,
  w = weights,
) => objective(loss, w)({ x: tf.zeros([4, 1]), y: targets }, predictions, mask).dataSync()[0] as number;
const hot = () => tf.oneHot(tf.tensor1d(y, 'int32'), 3);

describe('class weights', () => {
  it('weigh the mean: ids, one-hot rows, probabilities', () => {
    const logits = tf.tensor2d(z);
    const p = tf.softmax(logits);
    const ids = tf.tensor1d(y, 'int32');
    const all = wanted([0, 1, 2, 3]);
    expect(value('softmaxCrossEntropy', ids, logits)).toBeCloseTo(all, 5);
    expect(value('softmaxCrossEntropy', hot(), logits)).toBeCloseTo(all, 5);
    expect(value('categoricalCrossentropy', hot(), p)).toBeCloseTo(all, 4);
    expect(value('sparseCategoricalCrossentropy', ids, p)).toBeCloseTo(all, 4);
    expect(value('sparseCategoricalCrossentropy', tf.tensor2d(y, [4, 1]), p)).toBeCloseTo(all, 4);
  });

  it('of ones change nothing, and their scale does not matter', () => {
    const ids = tf.tensor1d(y, 'int32');
    const plain = objective('softmaxCrossEntropy')(
      { x: ids, y: ids },
      tf.tensor2d(z),
      undefined,
    ).dataSync()[0];
    expect(value('softmaxCrossEntropy', ids, tf.tensor2d(z), undefined, [1, 1, 1])).toBeCloseTo(
      plain as number,
      6,
    );
    const tiny = weights.map((w) => w * 1e-6);
    expect(value('softmaxCrossEntropy', ids, tf.tensor2d(z), undefined, tiny)).toBeCloseTo(
      wanted([0, 1, 2, 3]),
      5,
    );
    expect(value('softmaxCrossEntropy', ids, tf.tensor2d(z), undefined, [0, 0, 7])).toBeCloseTo(
      (nats(z[1]!, 2) + nats(z[3]!, 2)) / 2,
      5,
    );
  });

  it('follow soft targets', () => {
    // −Σ_c w_c y_c log p_c / Σ_c w_c y_c
    const soft = [0.2, 0.3, 0.5];
    const p = (c: number) => nats([2, 1, 0], c);
    const total = soft.reduce((sum, v, c) => sum + v * weights[c]!, 0);
    const loss = soft.reduce((sum, v, c) => sum + v * weights[c]! * p(c), 0) / total;
    expect(value('softmaxCrossEntropy', tf.tensor2d([soft]), tf.tensor2d([[2, 1, 0]]))).toBeCloseTo(loss, 5);
  });

  it.each(['ids', 'one-hot'])('leave padding out, whatever lies there: %s', (kind) => {
    const logits = tf.tensor3d([
      [z[0]!, z[1]!],
      [z[2]!, [9, -9, 9]],
    ]);
    const ids = tf.tensor2d([y[0]!, y[1]!, y[2]!, 0], [2, 2], 'int32');
    const mask = tf.tensor2d([1, 1, 1, 0], [2, 2], 'bool');
    const targets = kind === 'ids' ? ids : tf.oneHot(ids, 3);
    const x = tf.zeros([2, 2, 1]);
    const got = objective('softmaxCrossEntropy', weights)({ x, y: targets }, logits, mask).dataSync()[0];
    expect(got).toBeCloseTo(wanted([0, 1, 2]), 5);
    const p = tf.softmax(logits);
    const probabilities = objective('categoricalCrossentropy', weights);
    const hots = tf.oneHot(ids, 3);
    expect(probabilities({ x, y: hots }, p, mask).dataSync()[0]).toBeCloseTo(wanted([0, 1, 2]), 4);
  });

  it('are stable, and have the gradient w_y (p − y) / Σ w', () => {
    const big = tf.tensor2d([
      [1e30, -1e30, 0],
      [0, 3, 1],
    ]);
    const ids = tf.tensor1d([0, 1], 'int32');
    const mean = objective('softmaxCrossEntropy', weights);
    const { value: l, grad } = tf.valueAndGrad((t: tf.Tensor) => mean({ x: ids, y: ids }, t, undefined))(big);
    expect(l.dataSync()[0]).toBeCloseTo((2 * nats([0, 3, 1], 1)) / 2.1, 5);
    const e = [0, 3, 1].map(Math.exp);
    const s = e.reduce((a, b) => a + b);
    const row = e.map((v, c) => ((v / s - (c === 1 ? 1 : 0)) * 2) / 2.1);
    const got = [...grad.dataSync()];
    [0, 0, 0, ...row].forEach((g, i) => {
      expect(got[i]).toBeCloseTo(g, 6);
    });
  });

  it('are of training and validation; metrics go without', async () => {
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 3, inputShape: [3], kernelInitializer: 'identity', useBias: false })],
    });
    const batch = () => [{ x: tf.tensor2d(z), y: tf.tensor1d(y, 'int32') }];
    const loss = { loss: 'softmaxCrossEntropy', classWeights: weights } as const;
    const scored = await evaluate(model, batch(), { ...loss, metrics: ['crossEntropy'] });
    const plain = await evaluate(model, batch(), { loss: 'softmaxCrossEntropy' });
    expect(scored.loss).toBeCloseTo(wanted([0, 1, 2, 3]), 5);
    expect(scored.crossEntropy).toBeCloseTo(plain, 6);
    const before = tf.memory().numTensors;
    const optimizer = tf.train.sgd(0);
    const { history } = await train(model, batch, { epochs: 1, optimizer, validation: batch, ...loss });
    optimizer.dispose();
    expect(history[0]?.loss).toBeCloseTo(scored.loss, 5);
    expect(history[0]?.valLoss).toBeCloseTo(scored.loss, 5);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('are refused where they do not fit', async () => {
    const code = 'GW_TRAIN_CLASS_WEIGHTS';
    const model = () => tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [2] })] });
    const bad = (loss: unknown, classWeights: unknown) =>
      failure((async () => trainable(model(), { loss, classWeights } as never))());
    expect(await bad('meanSquaredError', [1, 1])).toMatchObject({ code });
    expect(await bad((_: tf.Tensor, p: tf.Tensor) => p, [1, 1])).toMatchObject({ code });
    for (const w of [[1, -1], [0, 0], [], 'balanced', [1, Number.NaN]])
      expect(await bad('softmaxCrossEntropy', w)).toMatchObject({ code });
    const two = trainable(model(), { loss: 'softmaxCrossEntropy', classWeights: [1, 2] });
    const batch = { x: tf.zeros([1, 2]), y: tf.zeros([1], 'int32') };
    const text = expect.stringContaining('2 classWeights for predictions [1,3]');
    expect(await failure(evaluate(two, [batch]))).toMatchObject({ code, message: text });
    const far = { x: tf.zeros([1, 2]), y: tf.tensor1d([7], 'int32') };
    const three = trainable(model(), { loss: 'softmaxCrossEntropy', classWeights: [1, 2, 3] });
    expect(await failure(evaluate(three, [far]))).toMatchObject({ code: 'GW_TRAIN_TARGET' });
    const options = { epochs: 1, optimizer: tf.train.sgd(0), classWeights: [1, 2, 3] } as const;
    expect(await failure(train(three, [batch], options))).toMatchObject({ code: 'GW_TRAIN_LOSS' });
    const again = evaluate(three, [batch], { classWeights: [1, 2, 3] });
    expect(await failure(again)).toMatchObject({ code: 'GW_TRAIN_LOSS' });
  });

  it('by the compiler, with losses that do not take them', () => {
    const base = { epochs: 1, optimizer: tf.train.sgd(0) };
    const checked = (options: TrainOptions) => expect(options).toBeDefined();
    checked({ ...base, loss: 'softmaxCrossEntropy', classWeights: [1, 2] });
    // @ts-expect-error a regression has no classes
    checked({ ...base, loss: 'meanSquaredError', classWeights: [1, 2] });
    // @ts-expect-error a function weighs by itself
    checked({ ...base, loss: (_: tf.Tensor, p: tf.Tensor) => p, classWeights: [1, 2] });
  });
});
