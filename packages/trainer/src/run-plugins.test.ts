import '@tensorflow/tfjs';
import {
  definePlugin,
  type Gradients,
  type Json,
  type Logs,
  type RunSnapshot,
  Tokens,
} from '@gatewise/plugin';
import { currentRun } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { Container, type ServiceIdentifier } from 'inversify';
import { beforeAll, describe, expect, it } from 'vitest';
import { line, plugin, points, readLine } from '../test/fixtures.js';
import { train } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('plugins in a run', () => {
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
    const before = await readLine(model);
    const result = await train(model, points(4), { epochs: 1, optimizer: tf.train.sgd(0), plugins: [odd] });
    expect(result).toMatchObject({ steps: 4, skipped: 2, history: [{ skipped: 2 }] });
    expect(logs.map((l) => l.skipped)).toEqual([undefined, 1, undefined, 1]);
    expect(await readLine(model)).toEqual(before);
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
    expect(await readLine(model)).toEqual([0, 0]);
  });
});

describe('the container of a run', () => {
  it('injects the model, services of the parent, and the state of the run', async () => {
    const Clock = Symbol('Clock') as ServiceIdentifier<{ now(): number }>;
    const container = new Container();
    container.bind(Clock).toConstantValue({ now: () => 42 });
    let saved: RunSnapshot | undefined;
    const model = line();
    const keeper = definePlugin(
      'keeper',
      (_: object, trainee, run, clock) => ({
        async onSavePoint() {
          expect(trainee.name).toBe('line');
          saved = await run.save();
        },
        saveState: () => clock.now(),
      }),
      [Tokens.Model, Tokens.RunState, Clock],
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
    expect(saved?.state.plugins).toMatchObject({ keeper: { state: 42 }, other: { state: ['state'] } });
    const resume = definePlugin(
      'resume',
      (_: object, run) => ({ onRestore: () => run.restore(saved as RunSnapshot) }),
      [Tokens.RunState],
    );
    await train(model, points(1), { ...options, epochs: 2, plugins: [other({}), resume({})] });
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
    expect(await readLine(model)).toEqual([0, 0]);
    // b ← 0 − 0.5·2(0 − 1) = 1
    await train(model, [batch(), batch()], options);
    expect(await readLine(model)).toEqual([0, 1]);
  });
});
