import '@tensorflow/tfjs';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Batch,
  definePlugin,
  fileStore,
  hookKinds,
  memoryStore,
  type Store,
  Tokens,
} from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { failure, line, points, recorder } from '../test/fixtures.js';
import type { BatchFunction } from './batches.js';
import { chooseBatches } from './choose-batches.js';
import { dryStore } from './dry-store.js';
import { train } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** A line that notes the first x of every batch it is given. */
function noting() {
  const seen: { training: number[]; validation: number[] } = { training: [], validation: [] };
  const model = line();
  const loss: typeof model.loss = (batch, training) => {
    seen[training ? 'training' : 'validation'].push((batch.x as tf.Tensor).dataSync()[0] as number);
    return model.loss(batch, training);
  };
  return { seen, model: { ...model, loss } };
}
/** Batches whose x says which they are: 10·epoch + place. */
const numbered = (count: number, closed: number[] = []) =>
  Object.assign(
    function* (epoch: number): Generator<Batch> {
      try {
        for (let i = 0; i < count; i++) yield { x: tf.fill([1, 1], 10 * epoch + i), y: tf.ones([1, 1]) };
      } finally {
        closed.push(epoch);
      }
    },
    { steps: count },
  );
const quick = () => ({ optimizer: tf.train.sgd(0) });

describe('limitBatches', () => {
  it('takes the first n of each epoch and of the validation, closes the source, and plans as many steps', async () => {
    const { seen, model } = noting();
    const closed: number[] = [];
    const planned: (number | undefined)[] = [];
    const plan = definePlugin('plan', () => ({ onTrainBegin: ({ steps }) => void planned.push(steps) }));
    const result = await train(model, numbered(5, closed), {
      ...quick(),
      epochs: 2,
      validation: numbered(4),
      limitBatches: 2,
      plugins: [plan({})],
    });
    expect(seen).toEqual({ training: [0, 1, 10, 11], validation: [0, 1, 10, 11] });
    expect([result.steps, closed, planned]).toEqual([4, [0, 1], [4]]);
  });

  it('begins in the middle where the source can, and ends where it would have', async () => {
    const batches = Object.assign(numbered(9), {
      seek: (_: number, from: number) => [from, from + 1, from + 2],
    });
    const options = { ...quick(), epochs: 1, limitBatches: 4 };
    const { seek } = chooseBatches(batches as never, options).batches as BatchFunction;
    const pass = async (from: number) => {
      const seen: unknown[] = [];
      for await (const batch of seek?.(0, from) ?? []) seen.push(batch);
      return seen;
    };
    expect([await pass(2), await pass(3), await pass(4)]).toEqual([[2, 3], [3], []]);
  });

  it('has a number for each, and more than there are is all', async () => {
    const { seen, model } = noting();
    const options = { ...quick(), epochs: 1, validation: numbered(3) };
    await train(model, numbered(3), { ...options, limitBatches: { validation: 1 } });
    expect(seen).toEqual({ training: [0, 1, 2], validation: [0] });
    await train(model, [...numbered(2)(0)], { ...options, limitBatches: { training: 9 } });
    expect(seen.training).toEqual([0, 1, 2, 0, 1]);
  });
});

describe('overfitBatches', () => {
  it.each([
    ['a function of the epoch', () => numbered(5)],
    ['an iterator, though it runs only once', () => numbered(5)(0)],
    ['a list, though its tensors serve once', () => [...numbered(3)(0)]],
  ])('trains and validates on the same first n in every epoch: %s', async (_, source) => {
    const { seen, model } = noting();
    const optimizer = tf.train.sgd(0);
    const before = tf.memory().numTensors;
    const result = await train(model, source(), { optimizer, epochs: 3, overfitBatches: 2 });
    const all = [0, 1, 0, 1, 0, 1];
    expect(seen).toEqual({ training: all, validation: all });
    expect(result.steps).toBe(6);
    expect(result.history[2]?.valLoss).toBeDefined();
    // a list has one more batch, which nobody asked for
    expect(tf.memory().numTensors - before).toBe(Array.isArray(source()) ? 2 : 0);
  });

  it('learns them by heart', async () => {
    const model = line();
    const result = await train(model, points(9), {
      epochs: 300,
      optimizer: tf.train.adam(0.1),
      overfitBatches: 1,
      validation: numbered(1),
    });
    expect(result.history.at(-1)?.valLoss).toBeLessThan(1e-6);
  });

  it('disposes of what it held when a batch is bad, and says which', async () => {
    const bad = () => [
      { x: tf.ones([2, 1]), y: tf.ones([2, 1]) },
      { x: tf.ones([2, 1]), y: undefined } as never,
    ];
    const model = line();
    const options = { ...quick(), epochs: 1, overfitBatches: 2 };
    const before = tf.memory().numTensors;
    const error = await failure(train(model, bad, options));
    expect(error).toMatchObject({ code: 'GW_TRAIN_BATCH', message: expect.stringContaining('batch 1') });
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('fastDevRun', () => {
  it('calls every hook, in one step and one batch of validation', async () => {
    const { seen, model } = noting();
    const log: string[] = [];
    const options = { ...quick(), epochs: 9, steps: 50, validation: numbered(4) };
    const result = await train(model, numbered(5), {
      ...options,
      fastDevRun: true,
      plugins: [recorder('all', log)],
    });
    expect(result).toMatchObject({ reason: 'completed', epochs: 1, steps: 1 });
    expect(seen).toEqual({ training: [0], validation: [0] });
    // asked by layers, of which a line has none
    const others = ['provideRegularisers', 'providePenalty'];
    const asked = Object.keys(hookKinds).filter((hook) => !others.includes(hook));
    expect(new Set(log)).toEqual(new Set([...asked, 'dispose'].map((hook) => `all ${hook}`)));
  });

  it('writes no file through the store, and tells plugins that it is one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'gatewise-dry-'));
    const dry: unknown[] = [];
    const writer = definePlugin(
      'writer',
      (_: object, store: Store) => ({
        async onTrainEnd(ctx) {
          dry.push(ctx.dryRun);
          await store.write(`${folder}/notes.txt`, Uint8Array.of(1));
          expect([...((await store.read(`${folder}/notes.txt`)) ?? [])]).toEqual([1]);
        },
      }),
      [Tokens.Store],
    );
    const run = (fastDevRun: boolean) =>
      train(line(), points(1), { ...quick(), epochs: 1, plugins: [writer({})], fastDevRun });
    await run(true);
    expect(readdirSync(folder)).toEqual([]);
    await run(false);
    expect(readdirSync(folder)).toEqual(['notes.txt']);
    expect(dry).toEqual([true, undefined]);
    rmSync(folder, { recursive: true });
  });

  it('reads the files that are there, and removes none', async () => {
    const real = memoryStore();
    const [a, b] = [Uint8Array.of(1), Uint8Array.of(2)];
    await real.write('run/a', a);
    await real.write('run/b', a);
    const store = dryStore(real);
    await store.write('run/a', b);
    await store.write('run/c', b);
    await store.remove('run/b');
    expect([await store.read('run/a'), await store.read('run/b')]).toEqual([b, undefined]);
    expect([...(await store.list('run'))].sort()).toEqual(['a', 'c']);
    await store.write('run/b', b);
    expect([await store.read('run/b'), await real.read('run/a'), await real.read('run/b')]).toEqual([
      b,
      a,
      a,
    ]);
    expect([...(await store.list('run/'))].sort()).toEqual(['a', 'b', 'c']);
    expect(fileStore()).toBeDefined();
  });
});
