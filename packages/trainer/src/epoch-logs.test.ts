import '@tensorflow/tfjs';
import type { Logs } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { line, plugin, points } from '../test/fixtures.js';
import { train } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('logs', () => {
  it('are read once a step, hold reports, and become means of the epoch', async () => {
    const seen: Logs[] = [];
    let epochLogs: Logs = {};
    const reporter = plugin('reporter', {
      transformLoss(loss, { report, step }) {
        report('onDevice', tf.add(tf.mul(loss, 0), step));
        return loss;
      },
      async onBatchEnd(ctx) {
        ctx.report('onHost', 10 * ctx.batch);
        const [a, b] = await Promise.all([ctx.logs(), ctx.logs()]);
        expect(a).toEqual(b);
        seen.push(a);
      },
      onValidationEnd({ report, logs }) {
        expect(logs.valLoss).toBeGreaterThan(0);
        report(
          'perplexity',
          tf.tidy(() => tf.exp(tf.scalar(0))),
        );
      },
      onEpochEnd(ctx) {
        ctx.report('late', 5);
        epochLogs = ctx.logs;
      },
    });
    const { history } = await train(line(), points(3), {
      epochs: 1,
      optimizer: tf.train.sgd(0.1),
      validation: points(1),
      plugins: [reporter],
    });
    expect(seen.map(({ onDevice, onHost }) => [onDevice, onHost])).toEqual([
      [0, 0],
      [1, 10],
      [2, 20],
    ]);
    expect(epochLogs).toMatchObject({ onDevice: 1, onHost: 10, perplexity: 1, late: 5 });
    expect(epochLogs.loss).toBeCloseTo(
      seen.reduce((sum, { loss = 0 }) => sum + loss / 3, 0),
      6,
    );
    expect(history).toEqual([epochLogs]);
  });

  it('are the same whether read or not', async () => {
    const reader = plugin('reader', { onBatchEnd: async ({ logs }) => void (await logs()) });
    const run = async (plugins: (typeof reader)[]) =>
      (await train(line(), points(5), { epochs: 2, optimizer: tf.train.sgd(0.1), plugins })).history;
    const [silent, read] = [await run([]), await run([reader])];
    silent.forEach((logs, i) => {
      expect(logs.loss).toBeCloseTo(read[i]?.loss as number, 6);
    });
  });
});
