import '@tensorflow/tfjs';
import { definePlugin, type Gradients, type Json, type Logs, Tokens } from '@gatewise/plugin';
import { currentRun } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { Container, type ServiceIdentifier } from 'inversify';
import { beforeAll, describe, expect, it } from 'vitest';
import { line, plugin, points } from '../test/fixtures.js';
import { evaluate, train } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
const read = async (model: ReturnType<typeof line>) => [
  (await model.weights.w.data())[0] as number,
  (await model.weights.b.data())[0] as number,
];

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
    const [w, b] = await read(model);
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

  it('passes seed, step and merged regularisers to layers through the run slot', async () => {
    const seen: unknown[] = [];
    const model = line();
    const spy: typeof model = {
      ...model,
      loss(batch, training) {
        const run = currentRun();
        seen.push([run?.seed, run?.step, run?.training, run?.regularisers({ name: 'lstm', units: 3 })]);
        return model.loss(batch, training);
      },
    };
    await train(spy, points(2), {
      epochs: 1,
      seed: 9,
      optimizer: tf.train.sgd(0.1),
      validation: points(1),
      plugins: [
        plugin('dropout', {
          provideRegularisers: ({ name }) => (name === 'lstm' ? { inputDropout: 0.5 } : {}),
        }),
      ],
    });
    const off = [9, 2, false, {}];
    expect(seen).toEqual([[9, 0, true, { inputDropout: 0.5 }], [9, 1, true, { inputDropout: 0.5 }], off]);
    expect(currentRun()).toBeUndefined();
  });

  it('skips the update at null, and counts it', async () => {
    const model = line();
    const logs: Logs[] = [];
    const odd = plugin('odd', {
      transformGradients: (g, { step }) => (step % 2 === 1 ? null : g),
      async onBatchEnd(ctx) {
        logs.push(await ctx.logs());
      },
    });
    const before = await read(model);
    const result = await train(model, points(4), { epochs: 1, optimizer: tf.train.sgd(0), plugins: [odd] });
    expect(result).toMatchObject({ steps: 4, skipped: 2, history: [{ skipped: 2 }] });
    expect(logs.map((l) => l.skipped)).toEqual([undefined, 1, undefined, 1]);
    expect(await read(model)).toEqual(before);
  });

  it('trains the weights a loss does not use with zeros, so that optimiser slots keep their places', async () => {
    const model = line();
    const idle = tf.variable(tf.scalar(5));
    let seen: Gradients = {};
    const see = plugin('see', {
      transformGradients(g) {
        seen = g;
        expect(g.idle?.dataSync()[0]).toBe(0);
        return g;
      },
    });
    const weights = { idle, ...model.weights };
    await train({ ...model, weights }, points(1), {
      epochs: 1,
      optimizer: tf.train.adam(0.1),
      plugins: [see],
    });
    expect(Object.keys(seen)).toEqual(['idle', 'w', 'b']);
    expect((await idle.data())[0]).toBe(5);
  });

  it('lets plugins change batch, loss and gradients', async () => {
    const model = line();
    const half = plugin('half', {
      transformBatch: (batch) => ({ ...batch, y: tf.zerosLike(batch.y) }),
      transformLoss: (loss) => tf.mul(loss, 2),
      transformGradients: ({ w, b }) => ({ w: tf.zerosLike(w as tf.Tensor), b: b as tf.Tensor }),
    });
    model.weights.b.assign(tf.scalar(1));
    const batch = { x: tf.zeros([2, 1]), y: tf.ones([2, 1]) };
    const result = await train(model, [batch], { epochs: 1, optimizer: tf.train.sgd(0.25), plugins: [half] });
    // The model's own loss is logged: (1 − 0)² = 1. b ← 1 − 0.25·2·2(1 − 0) = 0.
    expect(result.history).toEqual([{ loss: 1 }]);
    expect(await read(model)).toEqual([0, 0]);
  });
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

describe('the container of a run', () => {
  it('injects the model, services of the parent, and the states of all plugins', async () => {
    const Clock = Symbol('Clock') as ServiceIdentifier<{ now(): number }>;
    const container = new Container();
    container.bind(Clock).toConstantValue({ now: () => 42 });
    let saved: Record<string, Json> = {};
    const model = line();
    const keeper = definePlugin(
      'keeper',
      (_: object, trainee, states, clock) => ({
        onEpochEnd() {
          expect(trainee.name).toBe('line');
          saved = states.save();
        },
        saveState: () => clock.now(),
      }),
      [Tokens.Model, Tokens.PluginStates, Clock],
    );
    let loaded: Json = null;
    const other = definePlugin('other', () => ({
      saveState: () => ['state'],
      loadState: (state) => {
        loaded = state;
      },
    }));
    const options = { epochs: 1, optimizer: tf.train.sgd(0.1), container };
    await train(model, points(1), { ...options, plugins: [keeper({}), other({})] });
    expect(saved).toMatchObject({ keeper: { state: 42 }, other: { state: ['state'] } });
    const resume = definePlugin(
      'resume',
      (_: object, states) => ({ order: 'pre', onTrainBegin: () => states.load(saved) }),
      [Tokens.PluginStates],
    );
    await train(model, points(1), { ...options, plugins: [other({}), resume({})] });
    expect(loaded).toEqual(['state']);
    expect(container.isBound(Tokens.Model)).toBe(false);
  });
});

describe('provideLearningRate', () => {
  it('sets the rate before each update', async () => {
    const model = line();
    const rates = [0, 0.5];
    const schedule = plugin('schedule', { provideLearningRate: ({ step }) => rates[step] });
    const batch = () => ({ x: tf.zeros([1, 1]), y: tf.ones([1, 1]) });
    const options = { epochs: 1, optimizer: tf.train.sgd(9), plugins: [schedule] };
    await train(model, [batch()], options);
    expect(await read(model)).toEqual([0, 0]);
    // b ← 0 − 0.5·2(0 − 1) = 1
    await train(model, [batch(), batch()], options);
    expect(await read(model)).toEqual([0, 1]);
  });
});
