import '@tensorflow/tfjs';
import type { Trainable } from '@gatewise/plugin';
import { type Batches, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { clipByGlobalNorm, clipByNorm, clipByValue } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** loss = y·Σ(w ⊗ [3, 4]): its gradient is y·[3, 4], of norm 5y, whatever the weights are. */
function steep(): Trainable & { readonly w: tf.Variable } {
  const w = tf.tidy(() => tf.variable(tf.zeros([2])));
  return {
    name: 'steep',
    w,
    weights: { w },
    loss: ({ y }) => tf.mul(tf.mean(y), tf.sum(tf.mul(w, tf.tensor1d([3, 4])))),
  };
}
const batches =
  (...targets: number[]): Batches =>
  () =>
    targets.map((t) => ({ x: tf.zeros([1, 1]), y: tf.fill([1, 1], t) }));

async function run(plugin: ReturnType<typeof clipByNorm>, ...targets: number[]) {
  const model = steep();
  const optimizer = tf.train.sgd(1);
  const { history } = await train(model, batches(...targets), { epochs: 1, optimizer, plugins: [plugin] });
  const weights = [...(await model.w.data())];
  tf.dispose([model.w]);
  optimizer.dispose();
  return { weights, logs: history[0] };
}

describe('the plugins in a run', () => {
  it('clipByGlobalNorm clips the update and tells the norm before, after, and how often', async () => {
    const { weights, logs } = await run(clipByGlobalNorm({ maxNorm: 2.5 }), 1, 0.1, 0.2, 2);
    // −Σ of [1.5, 2], [0.3, 0.4], [0.6, 0.8], [1.5, 2]
    expect(weights[0]).toBeCloseTo(-3.9, 5);
    expect(weights[1]).toBeCloseTo(-5.2, 5);
    expect(logs?.gradientNorm).toBeCloseTo((5 + 0.5 + 1 + 10) / 4, 5);
    expect(logs?.gradientNormClipped).toBeCloseTo((2.5 + 0.5 + 1 + 2.5) / 4, 5);
    expect(logs?.clipped).toBe(0.5);
  });

  it('clipByNorm and clipByValue do as their names say', async () => {
    const byNorm = await run(clipByNorm({ maxNorm: 2.5 }), 1);
    expect(byNorm.weights).toEqual([-1.5, -2]);
    expect(byNorm.logs).toMatchObject({ gradientNorm: 5, gradientNormClipped: 2.5, clipped: 1 });
    const byValue = await run(clipByValue({ maxValue: 3 }), 1, 0.5);
    expect(byValue.weights).toEqual([-4.5, -5]);
    expect(byValue.logs?.clipped).toBe(0.5);
  });

  it('leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    for (const plugin of [
      clipByGlobalNorm({ maxNorm: 1 }),
      clipByNorm({ maxNorm: 1 }),
      clipByValue({ maxValue: 1 }),
    ]) {
      await run(plugin, ...Array.from({ length: 20 }, (_, i) => i));
      expect(tf.memory().numTensors).toBe(before);
    }
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, undefined, '1'])(
    'refuses a limit of %s at once',
    (v) => {
      const bad = v as number;
      const code = 'GW_CLIP_OPTIONS: got max';
      expect(() => clipByGlobalNorm({ maxNorm: bad })).toThrow(
        `${code}Norm ${v}, wanted a finite number above 0`,
      );
      expect(() => clipByNorm({ maxNorm: bad })).toThrow(`${code}Norm ${v}`);
      expect(() => clipByValue({ maxValue: bad })).toThrow(`${code}Value ${v}`);
    },
  );
});
