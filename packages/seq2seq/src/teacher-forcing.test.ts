import { pairs } from '@gatewise/data';
import { type Run, withRun } from '@gatewise/recurrence';
import { softmaxCrossEntropy, summedCrossEntropy } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { I, models, sharpen, sourcesOf, V } from '../test/models.js';
import { constantTruth, inverseSigmoidTruth, linearTruth, type Seq2Seq, teacherForcing } from './index.js';

beforeAll(() => tf.setBackend('cpu'));
const [B, T] = [3, 6];
const targets = () => tf.randomUniformInt([B, T], 1, V, 2);
const batchOf = (model: Seq2Seq) => ({
  x: sourcesOf(model, B),
  y: targets(),
  lengths: [5, 2, 4],
  targetLengths: [6, 1, 4],
});
const run = (step: number, training = true): Run => ({ seed: 1, step, training, regularisers: () => ({}) });

describe.each(Object.keys(models))('%s', (name) => {
  it('asks for each symbol after the true ones: one fused sequence each, the gradients of finite differences', () => {
    const model = models[name]!();
    sharpen(model);
    const batch = batchOf(model);
    const trainee = teacherForcing(model, { loss: softmaxCrossEntropy });
    const [read, write] = [model.config.encoder, model.config.decoder].map((layer) =>
      vi.spyOn(layer, 'sequence'),
    );
    const loss = () => trainee.loss(batch, true);
    const { value, grads } = tf.variableGrads(loss);
    expect([read, write].map((spy) => spy!.mock.calls.map(([x]) => x.shape.slice(0, 2)))).toEqual([
      [[B, 5]],
      [[B, T]],
    ]);
    expect(value.arraySync()).toBeGreaterThan(0);
    for (const [weight, w] of Object.entries(trainee.weights)) {
      const g = grads[w.name];
      expect(g, weight).toBeDefined();
      const start = w.clone();
      const direction = tf.randomNormal(w.shape, 0, 1, 'float32', 5);
      const at = (h: number) => {
        w.assign(tf.add(start, tf.mul(direction, h)));
        return loss().arraySync();
      };
      const wanted = (at(5e-3) - at(-5e-3)) / 1e-2;
      w.assign(start);
      expect(tf.sum(tf.mul(g!, direction)).arraySync(), weight).toBeCloseTo(wanted, 2);
    }
  });

  it('does not see padding, and means over real symbols', () => {
    const model = models[name]!();
    const batch = batchOf(model);
    const trainee = teacherForcing(model, { loss: softmaxCrossEntropy });
    const real = tf.tensor2d(
      [
        [1, 1, 1, 1, 1, 1],
        [1, 0, 0, 0, 0, 0],
        [1, 1, 1, 1, 0, 0],
      ],
      [B, T],
      'bool',
    );
    const spoiled = { ...batch, y: tf.where(real, batch.y, tf.fill([B, T], -7, 'int32')) };
    expect(trainee.loss(spoiled, false).arraySync()).toBe(trainee.loss(batch, false).arraySync());
    const x =
      batch.x.rank === 3
        ? tf.where(
            tf.less(tf.reshape(tf.range(0, 5), [1, 5, 1]), tf.tensor3d(batch.lengths, [3, 1, 1])),
            batch.x,
            Number.NaN,
          )
        : batch.x;
    expect(trainee.loss({ ...batch, x }, false).arraySync()).toBe(trainee.loss(batch, false).arraySync());
    const alone = [0, 1, 2].map((b) => {
      const [S, n] = [batch.lengths[b]!, batch.targetLengths[b]!];
      const rest = batch.x.rank === 3 ? [2] : [];
      const one = {
        x: tf.slice(batch.x, [b, 0, ...rest.map(() => 0)], [1, S, ...rest]),
        y: tf.slice(batch.y, [b, 0], [1, n]),
      };
      return teacherForcing(model, { loss: summedCrossEntropy }).loss(one, false).arraySync();
    });
    const sum = alone.reduce((p, q) => p + q);
    expect(trainee.loss(batch, false).arraySync()).toBeCloseTo(sum / 11, 5);
    const summed = teacherForcing(model, { loss: summedCrossEntropy });
    expect(summed.loss(batch, false).arraySync()).toBeCloseTo(sum / 3, 4);
  });

  it('in scheduled sampling reads what the model draws: known steps fused, no gradient, no tensor left', () => {
    const model = models[name]!();
    sharpen(model);
    const batch = batchOf(model);
    const seen: number[][][] = [];
    const embed = model.embed.bind(model);
    const write = vi.spyOn(model.config.decoder, 'sequence');
    vi.spyOn(model, 'embed').mockImplementation((ids) => {
      seen.push(ids.arraySync() as number[][]);
      return embed(ids);
    });
    const lossAt = (rate: number, step = 0) => {
      const trainee = teacherForcing(model, { loss: softmaxCrossEntropy, truth: constantTruth(rate) });
      return withRun(run(step), () =>
        tf.tidy(() => tf.variableGrads(() => trainee.loss(batch, true)).value.arraySync()),
      );
    };
    const before = tf.memory().numTensors;
    const plain = lossAt(1);
    expect(write).toHaveBeenCalledTimes(1);
    const known = seen.at(-1)!;
    seen.length = 0;
    lossAt(0);
    // five steps draw a symbol of their own, the sequence itself is one more
    expect(seen.map((ids) => ids[0]!.length)).toEqual([1, 1, 1, 1, 1, T]);
    const own = seen.at(-1)!;
    expect(own.map((row) => row[0])).toEqual(known.map((row) => row[0]));
    // rows of one and of four real symbols read true ones behind them
    expect(own[1]!.slice(1)).toEqual(known[1]!.slice(1));
    expect(own[2]!.slice(4)).toEqual(known[2]!.slice(4));
    expect(own[0]).not.toEqual(known[0]);
    seen.length = 0;
    expect(lossAt(0.5)).toBe(lossAt(0.5));
    const stretches = seen.slice(
      0,
      seen.findIndex((ids) => ids[0]!.length === T),
    );
    expect(stretches.length).toBeLessThan(T - 1);
    expect(lossAt(0.5, 1)).not.toBe(lossAt(0.5, 2));
    expect(lossAt(1)).toBe(plain);
    // validation reads the truth
    const trainee = teacherForcing(model, { loss: softmaxCrossEntropy, truth: constantTruth(0) });
    const value = withRun(run(0, false), () => tf.tidy(() => trainee.loss(batch, false).arraySync()));
    expect(value).toBeCloseTo(plain, 6);
    expect(tf.memory().numTensors).toBe(before);
  });
});

it('draws from what the model says after what it read', () => {
  const model = models['gru, dot attention']!();
  model.weights['head/kernel']!.assign(tf.zerosLike(model.weights['head/kernel']!));
  model.weights['head/bias']!.assign(tf.log(tf.tensor1d([0.1, 0.2, 0.3, 0.4, 1e-9])));
  let read: number[][] = [];
  const embed = model.embed.bind(model);
  vi.spyOn(model, 'embed').mockImplementation((ids) => {
    read = ids.arraySync() as number[][];
    return embed(ids);
  });
  const trainee = teacherForcing(model, { loss: softmaxCrossEntropy, truth: constantTruth(0) });
  const batch = { x: sourcesOf(model, 400), y: tf.ones([400, 10], 'int32') };
  withRun(run(3), () => trainee.loss(batch, true));
  const ids = read.flatMap((row) => row.slice(1));
  [0.1, 0.2, 0.3, 0.4, 0].forEach((p, v) => {
    expect(ids.filter((id) => id === v).length / ids.length).toBeCloseTo(p, 1);
  });
});

describe('schedules', () => {
  it('fall as they should', () => {
    expect([0, 9].map(constantTruth(0.3))).toEqual([0.3, 0.3]);
    expect([0, 50, 100, 1e6].map(linearTruth({ from: 0.9, to: 0.5, steps: 100 }))).toEqual([
      0.9, 0.7, 0.5, 0.5,
    ]);
    const sigmoid = inverseSigmoidTruth({ k: 20 });
    expect(sigmoid(0)).toBeCloseTo(20 / 21, 12);
    expect(sigmoid(20 * Math.log(20))).toBeCloseTo(0.5, 12);
    expect(sigmoid(1e9)).toBe(0);
  });

  it('refuse what is no share', () => {
    for (const bad of [
      () => constantTruth(1.1),
      () => linearTruth({ to: -1, steps: 5 }),
      () => linearTruth({ to: 0, steps: 0 }),
      () => inverseSigmoidTruth({ k: 0 }),
    ]) {
      expect(bad).toThrow(/GW_SEQ2SEQ_SCHEDULE/);
    }
    const model = models['gru, dot attention']!();
    const trainee = teacherForcing(model, { loss: softmaxCrossEntropy, truth: () => 2 });
    expect(() => trainee.loss(batchOf(model), true)).toThrow(/GW_SEQ2SEQ_SCHEDULE/);
  });
});

it('refuses batches that are no pairs', () => {
  const model = models['gru, dot attention']!();
  const trainee = teacherForcing(model, { loss: softmaxCrossEntropy });
  const x = sourcesOf(model);
  for (const y of [tf.zeros([3, 2]), tf.zeros([3], 'int32'), tf.zeros([2, 2], 'int32')]) {
    expect(() => trainee.loss({ x, y }, true)).toThrow(/GW_SEQ2SEQ_BATCH/);
  }
  expect(() => trainee.loss({ x: [x, x], y: targets() }, true)).toThrow(/GW_SEQ2SEQ_BATCH/);
  const [batch] = pairs({ x: [Int32Array.of(1, I - 1)], y: [[1]], end: 0 }, { batch: 1 })(0);
  expect(trainee.loss(batch!, true).arraySync()).toBeGreaterThan(0);
});
