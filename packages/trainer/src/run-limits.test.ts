import '@tensorflow/tfjs';
import { type Clock, Tokens } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import { Container } from 'inversify';
import { beforeAll, describe, expect, it } from 'vitest';
import { failure, line, plugin, points } from '../test/fixtures.js';
import { type MaxTime, type TrainOptions, train } from './index.js';
import { readMaxTime } from './max-time.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
/** Notes epochs and validations, each with the step it comes after. */
function noter(log: string[]) {
  return plugin('noter', {
    onValidationBegin: ({ step }) => void log.push(`validation ${step}`),
    onEpochEnd: ({ step, logs }) =>
      void log.push(`epoch ${step}${logs.valLoss === undefined ? '' : ' scored'}`),
  });
}
async function run(options: Partial<TrainOptions>, more: TrainOptions['plugins'] = []) {
  const log: string[] = [];
  const result = await train(line(), points(4), {
    epochs: 3,
    optimizer: tf.train.sgd(0.1),
    validation: points(1),
    ...options,
    plugins: [...(more ?? []), noter(log)],
  });
  return { log, result };
}

describe('maxTime', () => {
  /** A clock that a step takes a second on. */
  function ticking() {
    let time = 0;
    const clock: Clock = { now: () => time, elapsed: () => time };
    const container = new Container();
    container.bind(Tokens.Clock).toConstantValue(clock);
    const tick = plugin('tick', {
      onBatchBegin() {
        time += 1000;
      },
    });
    return { container, tick };
  }

  it.each<[MaxTime]>([[6], ['0:06'], ['00:00:06']])(
    '%j ends the epoch in order: the step is done, the epoch validated',
    async (maxTime) => {
      const { container, tick } = ticking();
      const { log, result } = await run({ maxTime, container, epochs: Number.POSITIVE_INFINITY }, [tick]);
      expect(result).toMatchObject({
        reason: 'stopped',
        why: `maxTime ${maxTime} is over`,
        steps: 6,
        epochs: 2,
      });
      expect(log).toEqual(['validation 4', 'epoch 4 scored', 'validation 6', 'epoch 6 scored']);
    },
  );

  it('that is not over changes nothing', async () => {
    const { container, tick } = ticking();
    const { result } = await run({ maxTime: 60, container }, [tick]);
    expect(result).toMatchObject({ reason: 'completed', steps: 12 });
  });

  it.each<[MaxTime, number]>([
    [1.5, 1500],
    ['01:00', 60_000],
    ['1:02:03', 3_723_000],
    ['2:00:00:00', 172_800_000],
    ['90:00', 5_400_000],
  ])('reads %j', (time, wanted) => {
    expect(readMaxTime(time)).toBe(wanted);
  });

  it.each([0, -1, Number.NaN, '10', '1:60', '1:60:00', '0:00', '1:00:00:00:00', 'soon', null, '1:24:00:00'])(
    'refuses %j',
    async (maxTime) => {
      const options = { maxTime: maxTime as number };
      expect(await failure(run(options))).toMatchObject({ code: 'GW_TRAIN_MAX_TIME' });
    },
  );
});

describe('validateEvery', () => {
  it('n epochs: after each nth and the last', async () => {
    const { log, result } = await run({ validateEvery: { epochs: 2 } });
    expect(log).toEqual(['epoch 4', 'validation 8', 'epoch 8 scored', 'validation 12', 'epoch 12 scored']);
    expect(result.history.map(({ valLoss }) => valLoss !== undefined)).toEqual([false, true, true]);
  });

  it('n steps: in the middle of epochs too, and at the end of the run', async () => {
    const { log } = await run({ validateEvery: { steps: 5 } });
    expect(log).toEqual([
      'epoch 4',
      'validation 5',
      'epoch 8 scored',
      'validation 10',
      'validation 12',
      'epoch 12 scored',
    ]);
  });

  it('n steps, not twice at the end', async () => {
    const { log } = await run({ validateEvery: { steps: 3 }, epochs: 2, steps: 6 });
    expect(log).toEqual(['validation 3', 'epoch 4 scored', 'validation 6', 'epoch 6 scored']);
  });

  it('shows the means so far, and leaves those of the epoch as they are', async () => {
    const seen: number[] = [];
    const peek = plugin('peek', {
      onValidationEnd: ({ logs, step }) => void seen.push(step, logs.loss as number, logs.valLoss as number),
    });
    const { result } = await run({ validateEvery: { steps: 2 }, epochs: 1 }, [peek]);
    const { result: alone } = await run({ epochs: 1 });
    expect(seen).toHaveLength(6);
    expect(seen.every(Number.isFinite)).toBe(true);
    expect(result.history[0]?.loss).toBeCloseTo(alone.history[0]?.loss as number, 6);
    expect(result.history[0]?.valLoss).toBeCloseTo(alone.history[0]?.valLoss as number, 6);
  });

  it('does not validate a run that a plugin stopped', async () => {
    const stop = plugin('stop', {
      onBatchEnd: ({ step, stop }) => (step === 3 ? stop('enough') : undefined),
    });
    const { log } = await run({ validateEvery: { steps: 3 } }, [stop]);
    expect(log).toEqual(['epoch 3']);
  });

  it('leaks nothing', async () => {
    const model = line();
    const optimizer = tf.train.sgd(0.1);
    const before = tf.memory().numTensors;
    const validation = { validation: points(2), validateEvery: { steps: 3 } };
    await train(model, points(4), { epochs: 3, optimizer, ...validation });
    expect(tf.memory().numTensors).toBe(before);
  });
});
