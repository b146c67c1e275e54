import '@tensorflow/tfjs';
import { GatewiseError } from '@gatewise/core';
import { adam } from '@gatewise/optimisers';
import { type Communicator, definePlugin, Tokens } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { Container } from 'inversify';
import { beforeAll, expect, it } from 'vitest';
import { inMemory } from '../test/in-memory.js';
import { train } from './index.js';
import { Ranks } from './ranks.js';
import { GradientBuckets } from './ranks-buckets.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const X = Array.from({ length: 4 * 3 }, (_, i) => Math.sin(i));
const batches = () => [{ x: tf.tensor2d(X, [4, 3]), y: tf.tensor1d([0, 1, 1, 0], 'int32') }];

/** Weights that begin at `start`, after `epochs` steps; `communicator` absent for one process. */
async function run(
  start: number,
  communicator?: Communicator,
  plugins: Parameters<typeof train>[2]['plugins'] = [],
) {
  const model = sequential({ layers: [layers.dense({ units: 2, inputShape: [3], name: 'head' })] });
  model.setWeights([tf.fill([3, 2], start), tf.fill([2], start)]);
  const optimizer = adam({ learningRate: 0.1 });
  const container = new Container();
  if (communicator) container.bind(Tokens.Communicator).toConstantValue(communicator);
  const options = { epochs: 5, optimizer, loss: 'softmaxCrossEntropy', container, plugins } as const;
  try {
    const { history } = await train(model, batches, options);
    const weights = await Promise.all(model.getWeights().map(async (w) => [...(await w.data())]));
    return { weights: weights.flat(), losses: history.map(({ loss }) => loss as number) };
  } finally {
    model.dispose();
    optimizer.dispose();
  }
}

it.each([2, 4])('%i ranks train as one process does, from the weights of rank 0', async (n) => {
  const one = await run(0.5);
  const { ranks } = inMemory(n);
  const all = await Promise.all(ranks.map((communicator, rank) => run(rank === 0 ? 0.5 : 9, communicator)));
  for (const { weights, losses } of all) {
    expect(weights).toEqual(all[0]!.weights);
    for (const [i, w] of weights.entries()) expect(w).toBeCloseTo(one.weights[i]!, 6);
    for (const [i, loss] of losses.entries()) expect(loss).toBeCloseTo(one.losses[i]!, 6);
  }
});

it('a step in which no rank has a target moves the weights as one process does', async () => {
  const x = (scale: number) => tf.mul(tf.tensor3d(X, [4, 3, 1]), scale);
  const y = () => tf.tensor2d([0, 1, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1], [4, 3], 'int32');
  const padded = () => [
    { x: x(1), y: y(), lengths: [3, 1, 2, 3] },
    { x: x(2), y: y(), lengths: [0, 0, 0, 0] },
    { x: x(3), y: y(), lengths: [1, 0, 3, 2] },
  ];
  const train3 = async (communicator?: Communicator) => {
    const model = sequential({ layers: [layers.dense({ units: 2, inputShape: [3, 1], name: 'head' })] });
    model.setWeights([tf.fill([1, 2], 0.5), tf.zeros([2])]);
    const container = new Container();
    if (communicator) container.bind(Tokens.Communicator).toConstantValue(communicator);
    const optimizer = adam({ learningRate: 0.1 });
    const options = { epochs: 2, optimizer, loss: 'softmaxCrossEntropy', container } as const;
    const { history } = await train(model, padded, options);
    const weights = await Promise.all(model.getWeights().map(async (w) => [...(await w.data())]));
    return [...weights.flat(), ...history.map(({ loss }) => loss as number)];
  };
  const one = await train3();
  for (const all of await Promise.all(inMemory(2).ranks.map(train3))) {
    for (const [i, value] of all.entries()) expect(value).toBeCloseTo(one[i]!, 6);
  }
});

it('a bucket travels while the next is packed, and the mean is that of the ranks', async () => {
  const { ranks, made } = inMemory(2);
  const tensors = (by: number) => ({ a: tf.fill([3, 7], by), b: tf.fill([30], 2 * by) });
  const before = tf.memory().numTensors;
  const first = new GradientBuckets(ranks[0]!).mean(tensors(1), 0.25);
  await Promise.resolve();
  await new Promise(setImmediate);
  // 51 numbers in buckets of 16, all begun though the other rank has sent none
  expect(made).toEqual([4, 0]);
  const second = new GradientBuckets(ranks[1]!).mean(tensors(3), 0.75);
  const [one, two] = await Promise.all([first, second]);
  for (const { a, b } of [one, two]) {
    expect(a!.shape).toEqual([3, 7]);
    expect([...(await a!.data())]).toEqual(Array(21).fill(2.5));
    expect([...(await b!.data())]).toEqual(Array(30).fill(5));
    tf.dispose([a!, b!]);
  }
  expect(tf.memory().numTensors).toBe(before);
});

it('an error of one rank is that of all, or ends them', async () => {
  const { ranks, aborted } = inMemory(2);
  const teams = ranks.map((communicator) => new Ranks(communicator));
  const wrong = new GatewiseError('GW_TEST_WRONG', 'got a, wanted b');
  const said = await Promise.all(
    teams.map((team, rank) => team.agree(rank === 1 ? wrong : undefined).catch((error: Error) => error)),
  );
  expect(said[1]).toBe(wrong);
  expect(said[0]).toMatchObject({
    code: 'GW_TEST_WRONG',
    message: 'GW_TEST_WRONG: rank 1 of 2: got a, wanted b',
  });
  const throws = definePlugin('throws', () => ({
    onTrainBegin() {
      throw new Error('out of luck');
    },
  }));
  const other = inMemory(2);
  const failing = other.ranks.map((communicator) =>
    run(1, communicator, [throws({})]).catch((e: Error) => e.message),
  );
  expect((await Promise.all(failing)).every((message) => /out of luck/.test(String(message)))).toBe(true);
  expect(aborted).toEqual([]);
  expect(other.aborted).toHaveLength(2);
  expect(other.aborted.sort()[1]).toMatch(/rank 1: GW_PLUGIN_HOOK: .*out of luck/);
});
