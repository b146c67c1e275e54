import '@tensorflow/tfjs';
import { type Clock, definePlugin, type Logger, Tokens, type Trainable } from '@gatewise/plugin';
import { train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { Container } from 'inversify';
import { beforeAll, expect, it } from 'vitest';
import { profile } from './index.js';
import { table } from './table.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Parts take whole seconds of a clock of our own: data 1, the loss 10, a plugin 100 + 1000, validation 10000. */
async function run() {
  let now = 0;
  const clock: Clock = { now: () => now, elapsed: () => now };
  const said: string[] = [];
  const logger: Logger = { info: (line) => said.push(line), warn: () => {} };
  const container = new Container();
  container.bind(Tokens.Clock).toConstantValue(clock);
  container.bind(Tokens.Logger).toConstantValue(logger);
  const w = tf.tidy(() => tf.variable(tf.scalar(0)));
  const model: Trainable = {
    name: 'slow',
    weights: { w },
    loss: (_, training) => {
      now += training ? 10_000 : 10_000_000;
      return tf.sum(w);
    },
  };
  const slow = definePlugin('slow', () => ({
    transformLoss(loss) {
      now += 100_000;
      return loss;
    },
    async onBatchEnd() {
      await Promise.resolve();
      now += 1_000_000;
    },
  }));
  const batches = function* () {
    for (let n = 0; n < 2; n++) {
      now += 1000;
      yield { x: tf.zeros([1, 1]), y: tf.zeros([1, 1]) };
    }
  };
  const optimizer = tf.train.sgd(0);
  const all = { epochs: 2, optimizer, container, plugins: [profile(), slow({})] };
  const validation = () => [{ x: tf.zeros([1, 1]), y: tf.zeros([1, 1]) }];
  const { history } = await train(model, batches, { ...all, validation });
  w.dispose();
  optimizer.dispose();
  return { said, history };
}

it('tells each part by itself, of every epoch and at the end', async () => {
  const { said, history } = await run();
  for (const logs of history) {
    expect(logs).toMatchObject({
      'time/data': 1000,
      'time/forward-and-backward': 10_000,
      'time/plugin-slow': 1_100_000,
      'time/validation': 5_000_000,
    });
  }
  expect(said[0]).toMatch(/^where 24444 s of 4 steps went +ms a step +share +times$/);
  expect(said[1]).toMatch(/^validation +5000000 +81\.8 % +2$/);
  expect(said[2]).toMatch(/^plugin slow +1100000 +18\.0 % +\d+$/);
  expect(said[3]).toMatch(/^forward and backward +10000 +0\.2 % +4$/);
  expect(said[4]).toMatch(/^data +1000 +0\.0 % +/);
  expect(new Set(said.map((line) => line.length)).size).toBe(1);
});

it('has a table without steps too', () => {
  expect(table({ rest: { ms: 0, count: 1 } }, 0)[1]).toMatch(/^rest +– +0\.0 % +1$/);
});
