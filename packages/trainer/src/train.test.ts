import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { line, plugin, points, readLine } from '../test/fixtures.js';
import { evaluate, train } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('train', () => {
  it('learns a line, and gives reason, counts and history', async () => {
    const model = line();
    const result = await train(model, points(8), {
      epochs: 60,
      optimizer: tf.train.adam(0.1),
      validation: points(3),
    });
    expect(result).toMatchObject({ reason: 'completed', epochs: 60, steps: 480, skipped: 0 });
    expect(result.history).toHaveLength(60);
    const [w, b] = await readLine(model);
    expect(w).toBeCloseTo(2, 2);
    expect(b).toBeCloseTo(1, 2);
    expect(result.history.at(-1)?.valLoss).toBeLessThan(1e-4);
    expect(await evaluate(model, points(3))).toBeCloseTo(result.history.at(-1)?.valLoss as number, 6);
  });

  it('weighs the means of the loss by targets', async () => {
    const model = line();
    const batches = () => [
      { x: tf.zeros([3, 1]), y: tf.ones([3, 1]) },
      { x: tf.zeros([1, 1]), y: tf.fill([1, 1], 3) },
    ];
    // (3·1 + 1·9) / 4
    expect(await evaluate(model, batches())).toBeCloseTo(3, 6);
    const { history } = await train(model, batches(), { epochs: 1, optimizer: tf.train.sgd(0) });
    expect(history).toEqual([{ loss: 3 }]);
  });

  it('takes iterables, async iterables, and functions of the epoch', async () => {
    const epochs: number[] = [];
    const later = async function* (epoch: number) {
      epochs.push(epoch);
      yield* points(2)();
    };
    const options = { epochs: 2, optimizer: tf.train.sgd(0.1) };
    expect((await train(line(), later, options)).steps).toBe(4);
    expect(epochs).toEqual([0, 1]);
    expect((await train(line(), later(7), { ...options, epochs: 1 })).steps).toBe(2);
    expect((await train(line(), [...points(3)()], { ...options, epochs: 1 })).steps).toBe(3);
  });

  it('ends after `steps`, having validated, and hands the rest back to the source', async () => {
    let closed = 0;
    const endless = function* () {
      try {
        for (;;) yield* points(4)();
      } finally {
        closed++;
      }
    };
    const result = await train(line(), endless, {
      epochs: Number.POSITIVE_INFINITY,
      steps: 6,
      optimizer: tf.train.sgd(0.1),
      validation: points(1),
    });
    expect(result).toMatchObject({ reason: 'completed', epochs: 1, steps: 6 });
    expect(result.history[0]?.valLoss).toBeGreaterThan(0);
    expect(closed).toBe(1);
  });

  it('tells the planned steps where they are known', async () => {
    const seen: (number | undefined)[] = [];
    const see = plugin('see', { onTrainBegin: ({ steps }) => void seen.push(steps) });
    const options = { epochs: 2, optimizer: tf.train.sgd(0.1), plugins: [see] };
    await train(line(), [...points(3)()], { ...options, epochs: 1 });
    await train(line(), points(3), { ...options, steps: 5 });
    await train(line(), points(3), options);
    await train(line(), Object.assign(points(3), { steps: 3 }), options);
    expect(seen).toEqual([3, 5, undefined, 6]);
  });

  it('stops when a plugin says so: after the step, with onEpochEnd, without validation', async () => {
    const stop = plugin('stop', {
      onBatchEnd: ({ step, stop }) => (step === 3 ? stop('enough') : undefined),
    });
    const log: string[] = [];
    const watch = plugin('watch', {
      onValidationBegin: () => void log.push('validation'),
      onEpochEnd: ({ epoch }) => void log.push(`epoch ${epoch}`),
      onTrainEnd: (_, end) => void log.push(JSON.stringify(end)),
    });
    const result = await train(line(), points(2), {
      epochs: 5,
      optimizer: tf.train.sgd(0.1),
      validation: points(1),
      plugins: [stop, watch],
    });
    expect(result).toMatchObject({ reason: 'stopped', why: 'enough', steps: 3, epochs: 2 });
    expect(log).toEqual(['validation', 'epoch 0', 'epoch 1', '{"reason":"stopped","why":"enough"}']);
  });

  it('stops on abort, also from a timer while a synchronous backend is busy', async () => {
    const optimizer = tf.train.sgd(0.1);
    const endless = function* () {
      for (;;) yield* points(4)();
    };
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 5);
    const run = { epochs: 1, optimizer, signal: controller.signal };
    expect(await train(line(), endless, run)).toMatchObject({ reason: 'stopped', why: 'aborted', epochs: 1 });
    const before = { epochs: 1, optimizer, signal: AbortSignal.abort('no time') };
    expect(await train(line(), endless, before)).toMatchObject({ why: 'no time', steps: 0, epochs: 0 });
    const failed = { ...before, signal: AbortSignal.abort(new Error('power cut')) };
    expect(await train(line(), endless, failed)).toMatchObject({ why: 'power cut' });
  });

  it('leaks nothing: flat over steps, and back to the start after the run', async () => {
    const model = line();
    const before = tf.memory().numTensors;
    const optimizer = tf.train.adam(0.01);
    const counts: number[] = [];
    const norm = plugin('norm', {
      provideProbe: () => true,
      transformGradients(gradients, { report }) {
        report('norm', tf.norm(gradients.w as tf.Tensor));
        return gradients;
      },
      async onBatchEnd({ step, logs }) {
        if (step % 3 === 0) await logs();
        counts.push(tf.memory().numTensors);
      },
    });
    const result = await train(model, points(5), {
      epochs: 4,
      optimizer,
      plugins: [norm],
      validation: points(2),
    });
    expect(result.history[0]).toHaveProperty('norm');
    // By the place in an epoch: a running sum is on the device or not; apart from that every epoch is alike.
    for (let i = 10; i < counts.length; i++)
      expect(counts[i]).toBeLessThanOrEqual(Math.max(...counts.slice(5, 10)));
    optimizer.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('gives the same numbers for the same seed', async () => {
    const noise = (seed: number) => {
      const add = plugin('noise', {
        transformBatch: (batch, { random }) => ({ ...batch, y: tf.add(batch.y, random.normal()) }),
      });
      return train(line(), points(3), { epochs: 3, optimizer: tf.train.sgd(0.1), plugins: [add], seed });
    };
    const [a, b, c] = [await noise(1), await noise(1), await noise(2)];
    expect(a.history).toEqual(b.history);
    expect(a.history).not.toEqual(c.history);
  });
});
