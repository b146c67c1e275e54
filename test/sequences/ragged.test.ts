import { batches, ragged } from '@gatewise/data';
import { gru, lstm } from '@gatewise/layers';
import {
  evaluate,
  type LossFunction,
  predict,
  softmaxCrossEntropy,
  summedCrossEntropy,
  train,
} from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const V = 5;
const H = 6;
const x = [[1, 2, 3, 4], [2], [], [4, 3], [1, 1, 2, 2, 3]].map((s) => Int32Array.from(s));
/** The token before; 0 at first. */
const before = x.map((s) => s.map((_, t) => (t === 0 ? 0 : s[t - 1]!)));
const tagger = (reverse = false) =>
  tf.sequential({
    layers: [
      lstm({ units: H, inputDim: V, returnSequences: true, seed: 1, reverse }),
      gru({ units: H, returnSequences: true, seed: 2 }),
      tf.layers.dense({ units: V, kernelInitializer: tf.initializers.randomNormal({ seed: 4 }) }),
    ],
  });
const code = async (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: { code?: string }) => error.code ?? String(error),
  );

describe.each([false, true])('sequences of any lengths, reverse %s', (reverse) => {
  it('are predicted as if each were alone', async () => {
    const model = tagger(reverse);
    const all = await predict(model, ragged({ x, y: before }, { batch: 3 }));
    expect(all.map((row) => row.length)).toEqual(x.map((s) => s.length));
    for (const [n, s] of x.entries()) {
      if (s.length === 0) continue;
      const alone = tf.tidy(() => model.predict(tf.tensor2d(s, [1, s.length], 'int32')) as tf.Tensor);
      expect(all[n]).toEqual(((await alone.array()) as number[][][])[0]);
      alone.dispose();
    }
    model.dispose();
  });

  it('have a loss over their real steps, in batches of any cut', async () => {
    const model = tagger(reverse);
    const loss = (batch: number) =>
      evaluate(model, ragged({ x, y: before }, { batch }), { loss: 'softmaxCrossEntropy' });
    let sum = 0;
    let steps = 0;
    for (const [n, s] of x.entries()) {
      if (s.length === 0) continue;
      const one = { x: [s], y: [before[n]!] };
      sum += s.length * (await evaluate(model, batches(one, { batch: 1 }), { loss: 'softmaxCrossEntropy' }));
      steps += s.length;
    }
    for (const batch of [1, 2, 5]) expect(await loss(batch)).toBeCloseTo(sum / steps, 5);
    model.dispose();
  });

  it('train', async () => {
    const model = tagger(reverse);
    const source = ragged({ x, y: before }, { batch: 3, seed: 1 });
    const tensors = tf.memory().numTensors;
    const optimizer = tf.train.adam(0.05);
    const { history } = await train(model, source, { loss: 'softmaxCrossEntropy', epochs: 30, optimizer });
    expect(history.at(-1)!.loss!).toBeLessThan(history[0]!.loss! / 2);
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(tensors);
    model.dispose();
  });
});

describe('losses of padded rows', () => {
  const perStep: LossFunction = (y, p) => softmaxCrossEntropySteps(y, p);
  /** [B,T], of tf.js' own ops. */
  const softmaxCrossEntropySteps = (y: tf.Tensor, p: tf.Tensor) =>
    tf.neg(tf.sum(tf.mul(tf.oneHot(tf.cast(y, 'int32'), V), tf.logSoftmax(p)), -1));

  it.each<[string, LossFunction]>([
    ['a scalar of (y, p, mask)', (y, p, mask) => softmaxCrossEntropy(y, p, mask)],
    ['a value a step, averaged by the trainer', perStep],
  ])('%s', async (_, loss) => {
    const model = tagger();
    const source = ragged({ x, y: before }, { batch: 5 });
    const wanted = await evaluate(model, source, { loss: 'softmaxCrossEntropy' });
    expect(await evaluate(model, source, { loss })).toBeCloseTo(wanted, 5);
    model.dispose();
  });

  it('mean squared error per step', async () => {
    const model = tf.sequential({
      layers: [lstm({ units: 1, inputShape: [null, 1], returnSequences: true, seed: 1 })],
    });
    const [a, b] = [[0.5, -1], [2]];
    const source = ragged({ x: [a!, b!], y: [[0.1, 0.2], [0.3]] }, { batch: 2 });
    const rows = (await predict(model, source)) as number[][][];
    const squares = [rows[0]![0]![0]! - 0.1, rows[0]![1]![0]! - 0.2, rows[1]![0]![0]! - 0.3].map(
      (e) => e * e,
    );
    const wanted = squares.reduce((s, e) => s + e, 0) / 3;
    expect(await evaluate(model, source, { loss: 'meanSquaredError' })).toBeCloseTo(wanted, 6);
    model.dispose();
  });

  it('one target a sequence: every row counts, whatever its length', async () => {
    const model = tf.sequential({ layers: [lstm({ units: V, inputDim: V, seed: 1 })] });
    const y = [0, 1, 2, 3, 4];
    const all = await evaluate(model, ragged({ x, y }, { batch: 5 }), { loss: 'softmaxCrossEntropy' });
    const ones = await evaluate(model, ragged({ x, y }, { batch: 1 }), { loss: 'softmaxCrossEntropy' });
    expect(all).toBeCloseTo(ones, 5);
    model.dispose();
  });

  it('summed over steps, averaged over rows', () => {
    const y = tf.tensor2d([0, 1, 2, 3], [2, 2], 'int32');
    const p = tf.randomNormal([2, 2, V], 0, 1, 'float32', 1);
    const steps = softmaxCrossEntropySteps(y, p).arraySync() as number[][];
    const sum = summedCrossEntropy(y, p).arraySync();
    expect(sum).toBeCloseTo((steps[0]![0]! + steps[0]![1]! + steps[1]![0]! + steps[1]![1]!) / 2, 5);
    const mask = tf.tensor2d([1, 0, 1, 1], [2, 2]);
    const masked = summedCrossEntropy(y, p, mask).arraySync();
    expect(masked).toBeCloseTo((steps[0]![0]! + steps[1]![0]! + steps[1]![1]!) / 2, 5);
    const none = tf.grad((z) => summedCrossEntropy(y, z, tf.zeros([2, 2])))(p);
    expect(tf.max(tf.abs(none)).arraySync()).toBe(0);
  });
});

it('lengths that do not fit are refused', async () => {
  const model = tagger();
  const bad = (lengths: number[]) => [{ x: tf.ones([2, 3], 'int32'), y: tf.ones([2, 3], 'int32'), lengths }];
  expect(await code(predict(model, bad([1])))).toBe('GW_TRAIN_LENGTHS');
  expect(await code(predict(model, bad([1, 4])))).toBe('GW_TRAIN_LENGTHS');
  expect(await code(evaluate(model, bad([1, 0.5]), { loss: 'softmaxCrossEntropy' }))).toBe(
    'GW_TRAIN_LENGTHS',
  );
});
