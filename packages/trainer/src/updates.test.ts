import '@tensorflow/tfjs';
import type { BatchContext, Plugin } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { line, plugin, points } from '../test/fixtures.js';
import { train } from './index.js';
import { PluginDriver } from './plugin-driver.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
const layer = { name: 'lstm', units: 4 };

describe('providePenalty', () => {
  const driver = (...answers: unknown[]) =>
    new PluginDriver(
      answers.map((answer, i): Plugin => ({ name: `p${i}`, providePenalty: () => answer as tf.Scalar })),
    );
  const ask = (d: PluginDriver) => d.provide('providePenalty', layer, {} as never, {} as BatchContext);

  it('adds what everyone gives', () => {
    expect(ask(driver(tf.scalar(1), undefined, tf.scalar(2.5)))?.dataSync()[0]).toBe(3.5);
    expect(ask(driver(undefined))).toBeUndefined();
  });

  it.each([
    [tf.zeros([2]), 'a tensor [2]'],
    [3, 'a number'],
  ])('refuses %s', (answer, got) => {
    expect(() => ask(driver(answer))).toThrow(
      `GW_PLUGIN_RESULT: plugin "p0", providePenalty: got ${got}, wanted a scalar tensor`,
    );
  });
});

describe('an update', () => {
  const run = async (hooks: Omit<Plugin, 'name'>, after: Omit<Plugin, 'name'> = {}) => {
    const model = line();
    const plugins = [plugin('first', hooks), plugin('second', after)];
    const result = await train(model, points(4), { epochs: 1, optimizer: tf.train.sgd(1), plugins });
    return { result, w: (await model.weights.w.data())[0] };
  };

  it('that is put off counts as a step, in the means, and leaves the weights alone', async () => {
    const { result, w } = await run({ transformGradients: () => 'later' });
    expect(result).toMatchObject({ steps: 4, skipped: 0 });
    expect(w).toBe(0);
    expect(result.history[0]).not.toHaveProperty('skipped');
    expect(result.history[0]?.loss).toBeGreaterThan(0);
  });

  it('that is skipped before it happens ends the chain, and is left out of the means', async () => {
    const seen: boolean[] = [];
    const reached: number[] = [];
    const { result, w } = await run(
      {
        beforeUpdate(stats) {
          seen.push(stats.skipped);
          stats.skip();
          seen.push(stats.skipped);
        },
      },
      { beforeUpdate: (_, { step }) => void reached.push(step) },
    );
    expect(seen.slice(0, 2)).toEqual([false, true]);
    expect(reached).toEqual([]);
    expect(result).toMatchObject({ steps: 4, skipped: 4 });
    expect(w).toBe(0);
  });

  it('shows its gradients, as they were transformed', async () => {
    const seen: number[] = [];
    await run(
      {
        transformGradients: (g) => Object.fromEntries(Object.keys(g).map((name) => [name, tf.scalar(0.25)])),
      },
      {
        async beforeUpdate({ gradients }) {
          seen.push((await gradients.w!.data())[0]!);
        },
      },
    );
    expect(seen).toEqual([0.25, 0.25, 0.25, 0.25]);
  });
});
