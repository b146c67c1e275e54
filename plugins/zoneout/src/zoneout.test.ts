import { gru, lstm } from '@gatewise/layers';
import { train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, it } from 'vitest';
import { zoneout, zoneoutHooks } from './index.js';

beforeAll(() => tf.setBackend('cpu'));

it('tells the layers it is for', () => {
  const ask = (options: Parameters<typeof zoneoutHooks>[0], name: string) =>
    zoneoutHooks(options).provideRegularisers({ name, units: 1 }, {} as never);
  const rates = { h: 0.1, c: 0.5 };
  expect(ask({ rates }, 'a')).toEqual({ zoneout: rates });
  expect(ask({ rates, layers: ['b'] }, 'a')).toBeUndefined();
  expect(ask({ rates, layers: (name) => name === 'a' }, 'a')).toEqual({ zoneout: rates });
});

it.each([{}, { h: 1 }, { h: -0.1 }, { h: Number.NaN }])('refuses %j', (rates) => {
  expect(() => zoneout({ rates })).toThrow(/GW_ZONEOUT_RATE/);
});

it('changes training by its seed, and leaves the expectation for inference', async () => {
  const run = async (seed: number, rate: number) => {
    const model = tf.sequential({
      layers: [
        lstm({ units: 4, inputShape: [3, 2], returnSequences: true, seed: 1, name: 'one' }),
        gru({ units: 2, seed: 2, name: 'two' }),
      ],
    });
    const batches = () => [{ x: tf.ones([2, 3, 2]), y: tf.ones([2, 2]) }];
    const optimizer = tf.train.sgd(0.1);
    const plugins = rate > 0 ? [zoneout({ rates: { h: rate, c: rate } })] : [];
    await train(model, batches, { loss: 'meanSquaredError', epochs: 2, optimizer, seed, plugins });
    const layer = model.layers[0] as ReturnType<typeof lstm>;
    const { zoneout: expected } = layer.getConfig();
    return {
      weights: await Promise.all(model.getWeights().map(async (w) => [...(await w.data())])),
      expected,
    };
  };
  const [a, b, c, none] = [await run(1, 0.4), await run(1, 0.4), await run(2, 0.4), await run(1, 0)];
  expect(a.weights).toEqual(b.weights);
  expect(a.weights).not.toEqual(c.weights);
  expect(a.weights).not.toEqual(none.weights);
  expect(a.expected).toEqual([0.4, 0.4]);
});
