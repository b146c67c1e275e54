import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { useBackend } from '@gatewise/backends';
import type { AnyCell } from '@gatewise/core';
import type { PluginModule } from '@gatewise/plugin';
import { cellSuite } from '@gatewise/testing';
import { train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it, vi } from 'vitest';

/** The code of README.md, block by block, as modules beside this file, so that they import as a reader's would. */
const root = new URL('../../', import.meta.url);
const readme = readFileSync(new URL('README.md', root), 'utf8');
const folder = fileURLToPath(new URL('.blocks/', import.meta.url));
const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]!);
mkdirSync(folder, { recursive: true });
for (const [i, block] of blocks.entries()) writeFileSync(`${folder}${i}.ts`, block);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const log = vi.spyOn(console, 'log').mockImplementation(() => {});
const module = (i: number): Promise<Record<string, unknown>> => import(/* @vite-ignore */ `${folder}${i}.ts`);

describe('README.md', async () => {
  await useBackend('cpu');

  it('has a program that learns', async () => {
    await module(0);
    const [first, second] = log.mock.calls.at(-1)![0] as { loss: number }[];
    expect(second!.loss).toBeLessThan(first!.loss);
    expect(second!.loss).toBeLessThan(0.6);
  });

  const { leaky, layer } = await module(1);
  cellSuite({ describe, it }, leaky as AnyCell);
  it('has a cell that is a layer', () => {
    const y = (layer as tf.layers.Layer).apply(tf.zeros([2, 20, 3])) as tf.Tensor;
    expect(y.shape).toEqual([2, 8]);
  });

  it('has a plugin that sets the learning rate', async () => {
    const { halving } = (await module(2)) as {
      halving: (o: { start: number; every: number }) => PluginModule;
    };
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1], useBias: false })] });
    model.setWeights([tf.zeros([1, 1])]);
    const batches = () => [1, 2].map(() => ({ x: tf.ones([1, 1]), y: tf.ones([1, 1]) }));
    const optimizer = tf.train.sgd(9);
    await train(model, batches, {
      loss: 'meanSquaredError',
      optimizer,
      epochs: 1,
      plugins: [halving({ start: 0.25, every: 1 })],
    });
    // w ← w + 2·rate·(1 − w): 0 → 0.5 at ¼ → 0.625 at ⅛
    expect((await model.getWeights()[0]!.data())[0]).toBeCloseTo(0.625, 6);
  });
});

describe('the README', () => {
  it('names commands, files and folders that exist', () => {
    const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
      scripts: Record<string, string>;
    };
    for (const [, command] of readme.matchAll(/npm run ([\w:]+)/g))
      expect(Object.keys(scripts)).toContain(command);
    for (const [, path] of readme.matchAll(/[`(]((?:packages|plugins|examples|test)\/[\w/.-]+)[`)]/g)) {
      expect(existsSync(new URL(path!, root)), path).toBe(true);
    }
  });
});
