import { definePlugin, type PluginModule, type RunSnapshot, Tokens } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { train } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

type Layers = (dropped: { readonly inputShape: number[] }) => tf.layers.Layer[];
/** A model of three steps' input, with its weights as they always begin. */
function network(layers: Layers): tf.Sequential {
  const flat = tf.layers.flatten();
  const head = tf.layers.dense({ units: 1, kernelInitializer: 'ones', name: 'head' });
  return tf.sequential({ layers: [...layers({ inputShape: [3, 4] }), flat, head] });
}
const kinds: [string, Layers][] = [
  ['Dropout', (first) => [tf.layers.dropout({ rate: 0.5, ...first })]],
  ['SpatialDropout1D', (first) => [tf.layers.spatialDropout1d({ rate: 0.5, ...first } as never)]],
  [
    'the dropout of a wrapped LSTM',
    (first) => [
      tf.layers.bidirectional({
        ...{
          layer: tf.layers.lstm({
            units: 2,
            name: 'inner',
            dropout: 0.5,
            recurrentDropout: 0.5,
            returnSequences: true,
            ...ones,
          }),
        },
        ...{ mergeMode: 'concat', name: 'both', ...first },
      } as never),
    ],
  ],
];
const ones = { kernelInitializer: 'ones', recurrentInitializer: 'ones' } as const;

async function run(layers: Layers, seed: number, plugins: PluginModule[] = []) {
  const model = network(layers);
  const batches = () => Array.from({ length: 4 }, () => ({ x: tf.ones([2, 3, 4]), y: tf.zeros([2, 1]) }));
  const optimizer = tf.train.sgd(0.01);
  await train(model, batches, {
    loss: 'meanSquaredError',
    epochs: 1,
    optimizer,
    seed,
    plugins,
  });
  const values = model.getWeights().flatMap((w) => [...w.dataSync()]);
  model.dispose();
  optimizer.dispose();
  return values;
}

describe.each(kinds)('%s of tf.layers', (_, layers) => {
  it('draws by the seed of the run and the step, and not from Math.random', async () => {
    await run(layers, 1);
    const drawn = vi.spyOn(Math, 'random');
    const first = await run(layers, 1);
    expect(drawn).not.toHaveBeenCalled();
    drawn.mockRestore();
    expect(await run(layers, 1)).toEqual(first);
    expect(await run(layers, 2)).not.toEqual(first);
  });

  it('goes on to the same bits', async () => {
    let kept: RunSnapshot | undefined;
    const keep = definePlugin(
      'saver',
      (_: object, state) => ({
        onSavePoint: async ({ step }) => {
          if (step === 2) kept ??= await state.save();
        },
      }),
      [Tokens.RunState],
    );
    const restore = definePlugin(
      'saver',
      (_: object, state) => ({ onRestore: () => state.restore(kept as RunSnapshot) }),
      [Tokens.RunState],
    );
    const whole = await run(layers, 1, [keep({})]);
    expect(await run(layers, 1, [restore({})])).toEqual(whole);
  });
});

it('draws another mask at each step, and leaves the layer as it was outside of a run', async () => {
  const model = network((first) => [tf.layers.dropout({ rate: 0.5, ...first })]);
  const layer = model.layers[0] as unknown as { seed?: number };
  const seeds: (number | undefined)[] = [];
  const call = layer as unknown as { setCallHook(hook: () => void): void };
  call.setCallHook(() => seeds.push(layer.seed));
  const batches = () => Array.from({ length: 4 }, () => ({ x: tf.ones([2, 3, 4]), y: tf.zeros([2, 1]) }));
  await train(model, batches, { loss: 'meanSquaredError', epochs: 1, optimizer: tf.train.sgd(0.01) });
  expect(new Set(seeds).size).toBe(4);
  expect(layer.seed).toBeUndefined();
  expect(JSON.stringify(model.toJSON(undefined, false))).not.toMatch(/"seed":\d/);
  model.dispose();
});

it('says once what takes no seed', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const noisy: Layers = (first) => [tf.layers.gaussianNoise({ stddev: 0.1, ...first })];
  await run(noisy, 1);
  await run(noisy, 1);
  expect(warn.mock.calls.map(([text]) => text as string)).toEqual([
    expect.stringMatching(/^gatewise: GaussianNoise of tf\.layers draws random numbers and takes no seed/),
  ]);
  warn.mockRestore();
});
