import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { failure, line, points } from '../test/fixtures.js';
import { type TrainOptions, train } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
const base = () => ({ epochs: 1, optimizer: tf.train.sgd(0.1) });
const refused = (options: object) =>
  failure(train(line(), points(1), { ...base(), ...options } as TrainOptions));

describe('options are refused', () => {
  it.each([
    ['GW_TRAIN_LIMIT', { overfitBatches: 0 }, 'overfitBatches 0'],
    ['GW_TRAIN_LIMIT', { overfitBatches: '3' }, 'overfitBatches 3'],
    ['GW_TRAIN_LIMIT', { limitBatches: 1.5 }, 'limitBatches 1.5'],
    ['GW_TRAIN_LIMIT', { limitBatches: null }, 'limitBatches null'],
    ['GW_TRAIN_LIMIT', { limitBatches: { training: 0 } }, 'limitBatches.training 0'],
    ['GW_TRAIN_LIMIT', { limitBatches: { validation: -1 } }, 'limitBatches.validation -1'],
    ['GW_TRAIN_OPTIONS', { overfitBatches: 1, limitBatches: 1 }, 'overfitBatches and limitBatches'],
    ['GW_TRAIN_OPTIONS', { fastDevRun: true, limitBatches: 1 }, 'limitBatches and fastDevRun'],
    ['GW_TRAIN_OPTIONS', { fastDevRun: 1 }, 'fastDevRun 1'],
    ['GW_TRAIN_OPTIONS', { interruptible: 'yes' }, 'interruptible "yes"'],
    ['GW_TRAIN_VALIDATE_EVERY', { validateEvery: { steps: 2 } }, 'without validation'],
    ['GW_TRAIN_VALIDATE_EVERY', { validateEvery: 2, validation: points(1) }, 'validateEvery 2'],
    ['GW_TRAIN_VALIDATE_EVERY', { validateEvery: null, validation: points(1) }, 'null'],
    ['GW_TRAIN_VALIDATE_EVERY', { validateEvery: {}, validation: points(1) }, '{}'],
    ['GW_TRAIN_VALIDATE_EVERY', { validateEvery: { steps: 0 }, validation: points(1) }, '"steps":0'],
    [
      'GW_TRAIN_VALIDATE_EVERY',
      { validateEvery: { steps: 1, epochs: 1 }, validation: points(1) },
      '"epochs":1',
    ],
  ])('%s %j', async (code, options, text) => {
    expect(await refused(options)).toMatchObject({ code, message: expect.stringContaining(text) });
  });

  it('by the compiler, where they exclude one another', () => {
    const checked = (options: TrainOptions) => expect(options).toBeDefined();
    checked({ ...base(), overfitBatches: 2, fastDevRun: false });
    checked({ ...base(), limitBatches: { training: 3 }, validateEvery: { steps: 2 } });
    checked({ ...base(), fastDevRun: true, maxTime: '00:10:00' });
    // @ts-expect-error two choices of batches
    checked({ ...base(), overfitBatches: 2, limitBatches: 3 });
    // @ts-expect-error two choices of batches
    checked({ ...base(), limitBatches: 2, fastDevRun: true });
    // @ts-expect-error steps or epochs
    checked({ ...base(), validateEvery: { steps: 2, epochs: 1 } });
    // @ts-expect-error a text without a colon is no time
    checked({ ...base(), maxTime: 'soon' });
  });
});
