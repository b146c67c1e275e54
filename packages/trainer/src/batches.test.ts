import type { Batch } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failure, line, plugin, points } from '../test/fixtures.js';
import type { Batches } from './batches.js';
import { findNonFinite, hostValues } from './host-values.js';
import { type TrainOptions, train } from './index.js';
import { checkLengths, countTargets } from './lengths.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
const run = (batches: Batches, options: Partial<TrainOptions> = {}) =>
  failure(train(line(), batches, { epochs: 1, optimizer: tf.train.sgd(0.1), ...options }));
const one = (x: unknown, y: unknown): Batches => [{ x, y } as Batch];

describe('one batch ahead', () => {
  const eager = plugin('eager', { looksAhead: true });
  const seen = () => {
    const told: (boolean | undefined)[] = [];
    return { told, watch: plugin('watch', { onBatchBegin: ({ last }) => void told.push(last) }) };
  };

  it('is told which batch is the last, also of one; without a plugin that asks nobody is', async () => {
    const { told, watch } = seen();
    const options = { epochs: 2, optimizer: tf.train.sgd(0.1) };
    await train(line(), points(3), { ...options, plugins: [eager, watch] });
    await train(line(), points(1), { ...options, plugins: [eager, watch] });
    await train(line(), points(2), { ...options, epochs: 1, plugins: [watch] });
    expect(told).toEqual([false, false, true, false, false, true, true, true, undefined, undefined]);
  });

  it('leaves no batch behind where the run ends before it, and refuses bad ones as ever', async () => {
    const model = line();
    const options = { epochs: 2, optimizer: tf.train.sgd(0.1), plugins: [eager] };
    const before = tf.memory().numTensors;
    await train(model, points(3), { ...options, steps: 2 });
    expect(tf.memory().numTensors).toBe(before);
    expect(await run([undefined as never, undefined as never], { plugins: [eager] })).toMatchObject({
      code: 'GW_TRAIN_BATCH',
    });
  });
});

describe('bad batches', () => {
  const gone = tf.zeros([2, 1]);
  gone.dispose();
  const nan = tf.tensor3d([1, 2, 3, 4, Number.NaN, 6, 7, 8], [2, 2, 2]);
  it.each([
    ['none', 'GW_TRAIN_NO_BATCHES', [], 'training'],
    ['no iterable', 'GW_TRAIN_NO_BATCHES', undefined as never, 'undefined'],
    ['no batch', 'GW_TRAIN_BATCH', [undefined as never], 'batch 0 of epoch 0'],
    ['no tensors', 'GW_TRAIN_BATCH', one([[1, 2]], tf.zeros([1])), 'x[0]'],
    ['no y', 'GW_TRAIN_BATCH', one(tf.zeros([1, 1]), undefined), 'y of type undefined'],
    ['no inputs', 'GW_TRAIN_BATCH', one([], tf.zeros([1, 1])), 'no x'],
    ['disposed', 'GW_TRAIN_DISPOSED', one(gone, tf.zeros([2, 1])), 'function (epoch) => batches'],
    ['odd rows', 'GW_TRAIN_SHAPE', one(tf.zeros([2, 1]), tf.zeros([3, 1])), '[2,1] and y [3,1]'],
    ['B = 0', 'GW_TRAIN_SHAPE', one(tf.zeros([0, 1]), tf.zeros([0, 1])), 'length 0'],
    ['T = 0', 'GW_TRAIN_SHAPE', one(tf.zeros([2, 0, 1]), tf.zeros([2, 1])), 'x [2,0,1]'],
    ['NaN in x', 'GW_TRAIN_NAN', one(nan, tf.zeros([2, 1])), 'x[1, 0, 0]'],
    ['infinity in y', 'GW_TRAIN_NAN', one([tf.zeros([1])], tf.tensor1d([-1 / 0])), 'y[0]'],
  ] satisfies [string, string, Batches, string][])('%s: %s', async (_, code, batches, text) => {
    expect(await run(batches)).toMatchObject({ code, message: expect.stringContaining(text) });
  });

  it('an array of tensors serves for one epoch only, and so does an iterator', async () => {
    expect(await run([...points(1)()], { epochs: 2 })).toMatchObject({ code: 'GW_TRAIN_DISPOSED' });
    expect(await run(points(1)(), { epochs: 2 })).toMatchObject({
      code: 'GW_TRAIN_NO_BATCHES',
      message: expect.stringContaining('epoch 1'),
    });
  });

  it('in validation are told apart', async () => {
    expect(await run(points(1), { validation: [] })).toMatchObject({
      message: expect.stringContaining('validation'),
    });
    const validation = one(tf.zeros([2, 1]), tf.zeros([3, 1]));
    const text = expect.stringContaining('validation batch 0');
    expect(await run(points(1), { validation })).toMatchObject({ code: 'GW_TRAIN_SHAPE', message: text });
  });
});

describe('bad options', () => {
  const frozen = () => tf.variable(tf.scalar(0), false);
  const gone = tf.variable(tf.scalar(0));
  gone.dispose();
  const loss = line().loss;
  it.each([
    ['GW_TRAIN_EPOCHS', line(), { epochs: 0 }],
    ['GW_TRAIN_EPOCHS', line(), { epochs: 1.5 }],
    ['GW_TRAIN_EPOCHS', line(), { epochs: Number.POSITIVE_INFINITY }],
    ['GW_TRAIN_STEPS', line(), { steps: 0 }],
    ['GW_TRAIN_OPTIMIZER', line(), { optimizer: 'adam' }],
    ['GW_TRAIN_LOSS', line(), { loss: 'meanSquaredError' }],
    ['GW_TRAIN_LOSS', { ...line(), loss: () => tf.zeros([2]) }, {}],
    ['GW_TRAIN_LOSS', { ...line(), loss: () => 3 }, {}],
    ['GW_TRAIN_NO_GRADIENT', { ...line(), loss: () => tf.scalar(3) }, {}],
    ['GW_TRAIN_MODEL', undefined, {}],
    ['GW_TRAIN_NO_WEIGHTS', { name: 'none', weights: {}, loss }, {}],
    ['GW_TRAIN_NO_WEIGHTS', { name: 'frozen', weights: { w: frozen() }, loss }, {}],
    ['GW_TRAIN_DISPOSED', { name: 'gone', weights: { gone }, loss }, {}],
  ])('%s', async (code, model, options) => {
    const all = { epochs: 1, optimizer: tf.train.sgd(0.1), ...options } as TrainOptions;
    expect(await failure(train(model as never, points(1), all))).toMatchObject({ code });
  });
});

describe('countTargets', () => {
  const ids = tf.zeros([2, 5], 'int32');
  const x = tf.zeros([2, 5, 3]);
  it.each([
    ['ids to ids', ids, tf.zeros([2, 5], 'int32'), 10],
    ['ids to one-hot', ids, tf.zeros([2, 5, 7]), 10],
    ['features to values', x, tf.zeros([2, 5, 1]), 10],
    ['many to one', x, tf.zeros([2, 3]), 2],
    ['many to one id', ids, tf.zeros([2], 'int32'), 2],
    ['dense', tf.zeros([2, 5]), tf.zeros([2, 5]), 2],
  ])('%s', (_, x, y, count) => {
    expect(countTargets({ x, y })).toBe(count);
    expect(countTargets({ x: [x], y })).toBe(count);
  });
});

it('countTargets goes by lengths also where ids come as floats', () => {
  const batch = { x: tf.zeros([2, 5]), y: tf.zeros([2, 5], 'int32'), lengths: [5, 1] };
  expect(countTargets(batch)).toBe(6);
  tf.dispose([batch.x, batch.y]);
});

it('countTargets goes by the lengths of y where y has steps of its own, which are checked', () => {
  const batch = { x: tf.zeros([2, 5], 'int32'), y: tf.zeros([2, 3], 'int32'), lengths: [5, 1] };
  expect(countTargets({ ...batch, targetLengths: [3, 1] })).toBe(4);
  expect(() => checkLengths({ ...batch, targetLengths: [3, 3] }, 'a batch')).not.toThrow();
  expect(() => checkLengths({ ...batch, targetLengths: [3, 4] }, 'a batch')).toThrow(
    /GW_TRAIN_LENGTHS.* of y/,
  );
});

describe('hostValues', () => {
  afterAll(async () => {
    await tf.setBackend('cpu');
  });

  it.each(['cpu', 'wasm'])('sees what lies on the host: %s', async (backend) => {
    await import('@tensorflow/tfjs-backend-wasm');
    await tf.setBackend(backend);
    const t = tf.mul(tf.tensor1d([1, 2, 3]), 2);
    expect([...(hostValues(t) ?? [])]).toEqual([2, 4, 6]);
    expect(findNonFinite(t)).toBeUndefined();
    expect(
      findNonFinite(
        tf.tensor2d([
          [1, 1],
          [1 / 0, 0],
        ]),
      ),
    ).toEqual([1, 0]);
    expect(hostValues(tf.tensor1d(['text']))).toBeUndefined();
  });

  it('reads nothing back from a device', async () => {
    const uploaded = { values: null };
    class Device extends tf.KernelBackend {
      entries = new Map<object, { values: unknown }>();
      readonly texData = { get: (id: object) => this.entries.get(id) };
      override write(values: unknown) {
        const id = {};
        this.entries.set(id, { values });
        return id;
      }
      override disposeData() {
        return true;
      }
      override numDataIds() {
        return this.entries.size;
      }
    }
    tf.registerBackend('device', () => new Device());
    await tf.setBackend('device');
    const t = tf.tensor1d([1, Number.NaN]);
    expect(findNonFinite(t)).toEqual([1]);
    (tf.backend() as Device).entries.set(t.dataId, uploaded);
    expect(hostValues(t)).toBeUndefined();
  });
});
