import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { failure, line, plugin, points } from '../test/fixtures.js';
import { train } from './index.js';
import { Means, Report } from './logs.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('Report', () => {
  it('takes the newest of each name and leaves the tensors to the caller', async () => {
    const mine = tf.tensor2d([[2]]);
    const before = tf.memory().numTensors;
    const report = new Report();
    report.set('a', 1);
    report.set('a', mine);
    report.set('b', mine);
    report.set('b', 3);
    expect(await report.read()).toEqual({ a: 2, b: 3 });
    report.set('a', mine);
    const reading = report.read();
    report.set('a', 7);
    await reading;
    expect(await report.read()).toEqual({ a: 7, b: 3 });
    report.set('c', tf.scalar(true));
    report.dispose();
    expect(mine.isDisposed).toBe(false);
    expect(tf.memory().numTensors).toBe(before + 1);
  });
});

describe('Means', () => {
  it('come to the same bits whether and when a step is read', async () => {
    const losses = [0.1, 0.7, 1 / 3, 0.2, 1e-3, 5.1];
    const mean = async (read: (i: number) => boolean) => {
      const means = new Means();
      for (const [i, loss] of losses.entries()) {
        const report = new Report();
        report.set('loss', tf.scalar(loss));
        if (read(i)) await report.read();
        means.add(report, 3);
        report.dispose();
      }
      await means.flush();
      return means.values().loss;
    };
    const unread = await mean(() => false);
    for (const read of [() => true, (i: number) => i % 2 === 0, (i: number) => i > 2, (i: number) => i < 2])
      expect(await mean(read)).toBe(unread);
  });

  it('weighs the loss by size, joins host and device, and keeps one tensor a name', async () => {
    const means = new Means();
    const before = tf.memory().numTensors;
    for (const [loss, size] of [
      [1, 3],
      [2, 1],
    ] as const) {
      const report = new Report();
      report.set(
        'loss',
        tf.tidy(() => tf.keep(tf.scalar(loss))),
      );
      report.set('norm', loss === 1 ? 4 : tf.tidy(() => tf.keep(tf.scalar(8))));
      if (loss === 2) report.set('once', 5);
      means.add(report, size);
      report.dispose();
    }
    // The four scalars above are the test's own: loss twice, norm once.
    expect(tf.memory().numTensors).toBe(before + 3 + 2);
    await means.flush();
    expect(means.values()).toEqual({ loss: 1.25, norm: 6, once: 5 });
    await means.flush();
    expect(means.values()).toEqual({ loss: 1.25, norm: 6, once: 5 });
    expect(tf.memory().numTensors).toBe(before + 3);
    means.dispose();
  });
});

describe('report', () => {
  it.each([
    ['loss', 1],
    ['valLoss', 1],
    ['norm', 'big'],
    ['norm', tf.zeros([2])],
  ])('refuses %s = %s', async (name, value) => {
    const bad = plugin('bad', { onBatchEnd: ({ report }) => report(name, value as number) });
    const options = { epochs: 1, optimizer: tf.train.sgd(0.1), plugins: [bad] };
    const error = await failure(train(line(), points(1), options));
    expect(error).toMatchObject({ plugin: 'bad', hook: 'onBatchEnd', cause: { code: 'GW_PLUGIN_REPORT' } });
  });

  it('reaches the first epoch from onTrainBegin', async () => {
    const early = plugin('early', { onTrainBegin: ({ report }) => report('parameters', tf.scalar(9)) });
    const options = { epochs: 1, optimizer: tf.train.sgd(0.1), plugins: [early] };
    expect((await train(line(), points(1), options)).history[0]).toMatchObject({ parameters: 9 });
  });
});
