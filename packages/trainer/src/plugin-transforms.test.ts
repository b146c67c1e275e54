import '@tensorflow/tfjs';
import type { Plugin } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { ctx, drive, thrown } from '../test/driving.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('transform', () => {
  it('feeds each result to the next', () => {
    const driver = drive(
      { name: 'double', transformLoss: (loss) => tf.mul(loss, 2) },
      { name: 'add', order: 'post', transformLoss: (loss) => tf.add(loss, 1) },
    );
    expect(driver.transform('transformLoss', tf.scalar(3), ctx).dataSync()[0]).toBe(7);
  });

  it('ends at null, and keeps the order of the weights', () => {
    const g = { a: tf.scalar(1), b: tf.scalar(2) };
    const turned = drive({
      name: 'turn',
      transformGradients: ({ a, b }) => ({ b: b as tf.Tensor, a: a as tf.Tensor }),
    });
    expect(Object.keys(turned.transform('transformGradients', g, ctx) ?? {})).toEqual(['a', 'b']);
    const skip = drive(
      { name: 'skip', transformGradients: () => null },
      {
        name: 'never',
        transformGradients() {
          throw new Error('reached');
        },
      },
    );
    expect(skip.transform('transformGradients', g, ctx)).toBeNull();
  });

  const g = () => ({ w: tf.zeros([2, 3]), b: tf.zeros([3]) });
  const batch = () => ({ x: tf.zeros([1, 1]), y: tf.zeros([1, 1]) });
  const cases: [string, Partial<Plugin>, () => unknown, string][] = [
    ['nothing for a loss', { transformLoss: (() => undefined) as never }, () => tf.scalar(1), 'nothing'],
    ['a promise', { transformLoss: (async (l: unknown) => l) as never }, () => tf.scalar(1), 'promise'],
    ['a vector for a loss', { transformLoss: () => tf.zeros([2]) as never }, () => tf.scalar(1), '[2]'],
    ['a number for a loss', { transformLoss: () => 3 as never }, () => tf.scalar(1), 'number'],
    ['nothing for a batch', { transformBatch: (() => undefined) as never }, batch, 'nothing'],
    ['no tensors in a batch', { transformBatch: (() => ({ x: 1 })) as never }, batch, 'no tensors'],
    ['nothing for gradients', { transformGradients: (() => undefined) as never }, g, 'nothing'],
    ['a dropped weight', { transformGradients: ({ w }) => ({ w: w as tf.Tensor }) }, g, '"b"'],
    ['a reshaped weight', { transformGradients: (x) => ({ ...x, w: tf.zeros([3, 2]) }) }, g, '"w"'],
    ['a weight too many', { transformGradients: (x) => ({ ...x, u: tf.zeros([3]) }) }, g, '"u"'],
    [
      'a disposed gradient',
      {
        transformGradients(x) {
          x.b?.dispose();
          return x;
        },
      },
      g,
      '"b"',
    ],
  ];
  it.each(cases)('refuses %s, naming the plugin', async (_, hooks, value, text) => {
    const hook = Object.keys(hooks)[0] as 'transformLoss';
    const error = await thrown(() =>
      drive({ name: 'odd', ...hooks }).transform(hook, value() as tf.Scalar, ctx),
    );
    expect(error.code).toBe('GW_PLUGIN_RESULT');
    expect(error.message).toContain('"odd"');
    expect(error.message).toContain(hook);
    expect(error.message).toContain(text);
  });

  it('wraps a throw', async () => {
    const bad: Plugin = {
      name: 'bad',
      transformBatch() {
        throw new Error('boom');
      },
    };
    const error = await thrown(() => drive(bad).transform('transformBatch', batch(), ctx));
    expect(error).toMatchObject({ plugin: 'bad', hook: 'transformBatch', cause: { message: 'boom' } });
  });
});
