import '@tensorflow/tfjs';
import { random } from '@gatewise/core';
import { lstm } from '@gatewise/layers';
import { momentum } from '@gatewise/optimisers';
import { type Batch, definePlugin } from '@gatewise/plugin';
import { type TrainOptions, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { accumulateHooks } from './accumulate.js';
import { accumulate } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const [T, V] = [6, 3];
/** `rows` rows of ids, a target at each step; row b is so many steps long. */
function rowsOf(from: number, rows: number, lengths?: readonly number[]): Batch {
  const ids = (shift: number) =>
    tf.tensor2d(
      Array.from({ length: rows }, (_, b) =>
        Array.from({ length: T }, (_, t) => random(100 * (from + b) + t + shift).int(V)),
      ),
      [rows, T],
      'int32',
    );
  return { x: ids(0), y: ids(7), ...(lengths && { lengths: lengths.slice(from, from + rows) }) };
}

async function weights(batches: () => Batch[], more: Partial<TrainOptions> = {}) {
  const head = layers.dense({ units: V, kernelInitializer: 'zeros' });
  const recurrent = lstm({ units: 4, inputDim: V, inputShape: [null], returnSequences: true, seed: 1 });
  const model = sequential({ layers: [recurrent, head] });
  const optimizer = momentum({ learningRate: 0.5 });
  const all = { loss: 'softmaxCrossEntropy' as const, epochs: 2, optimizer, ...more };
  const { history, skipped } = await train(model, batches, all);
  const values: number[] = [];
  for (const w of model.getWeights()) values.push(...(await w.data()));
  optimizer.dispose();
  tf.dispose(model.weights.map((w) => w.read()));
  return { values, history, skipped };
}
const distance = (a: readonly number[], b: readonly number[]) =>
  Math.max(...a.map((v, i) => Math.abs(v - (b[i] as number))));

describe('accumulate', () => {
  it.each([
    ['full rows', undefined],
    ['rows of any length, which weigh by their steps', [6, 1, 2, 6, 5, 4, 1, 3]],
  ])('is one large batch within 1e-6: %s', async (_, lengths) => {
    const small = () => [0, 2, 4, 6].map((from) => rowsOf(from, 2, lengths));
    const one = await weights(() => [rowsOf(0, 8, lengths)]);
    const four = await weights(small, { plugins: [accumulate({ batches: 4 })] });
    expect(distance(four.values, one.values)).toBeLessThan(1e-6);
    expect(four.history[1]?.loss).toBeCloseTo(one.history[1]?.loss as number, 6);
    expect(four.skipped).toBe(0);
    // two steps moved them
    expect(distance(four.values, (await weights(small)).values)).toBeGreaterThan(1e-3);
  });

  it('clips the whole, wherever the clip stands', async () => {
    // no longer than 0.05, all together
    const clip = () =>
      definePlugin('clip', () => ({
        transformGradients(g) {
          const norm = tf.sqrt(tf.addN(Object.values(g).map((one) => tf.sum(tf.square(one)))));
          const scale = tf.minimum(1, tf.div(0.05, norm));
          return Object.fromEntries(Object.entries(g).map(([name, one]) => [name, tf.mul(one, scale)]));
        },
      }))({});
    const small = () => [0, 4].map((from) => rowsOf(from, 4));
    const one = await weights(() => [rowsOf(0, 8)], { plugins: [clip()] });
    for (const plugins of [
      [clip(), accumulate({ batches: 2 })],
      [accumulate({ batches: 2 }), clip()],
    ]) {
      expect(distance((await weights(small, { plugins })).values, one.values)).toBeLessThan(1e-6);
    }
  });

  it('updates at the end of an epoch, and of the steps, with what there is', async () => {
    const updates: number[] = [];
    const watch = definePlugin('watch', () => ({
      beforeUpdate: (_, { step }) => {
        updates.push(step);
      },
    }));
    const run = (steps?: number) =>
      weights(() => [0, 1, 2].map((from) => rowsOf(from, 1)), {
        ...{ epochs: 3, plugins: [accumulate({ batches: 2 }), watch({})] },
        ...(steps === undefined ? {} : { steps }),
      });
    // of unknown number: the source is a function that gives a list
    await run();
    expect(updates.splice(0)).toEqual([1, 2, 4, 5, 7, 8]);
    await run(4);
    expect(updates).toEqual([1, 2, 3]);
  });

  it('weighs the rest at the end of an epoch as one batch', async () => {
    const small = () => [0, 1, 2].map((from) => rowsOf(from, 1));
    const two = await weights(() => [rowsOf(0, 2), rowsOf(2, 1)]);
    expect(
      distance((await weights(small, { plugins: [accumulate({ batches: 2 })] })).values, two.values),
    ).toBeLessThan(1e-6);
  });

  it('leaves no tensor behind, also in the middle', async () => {
    const run = () => weights(() => [rowsOf(0, 1), rowsOf(1, 1)], { plugins: [accumulate({ batches: 3 })] });
    await run();
    const before = tf.memory().numTensors;
    await run();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('goes on from its state and tensors', () => {
    const [first, second] = [accumulateHooks(2), accumulateHooks(2)];
    const give = (hooks: typeof first, g: number, size: number) =>
      tf.tidy(() => hooks.transformGradients({ w: tf.scalar(g) }, { size, step: 0 } as never));
    expect(give(first, 2, 1)).toBe('later');
    second.loadState(JSON.parse(JSON.stringify(first.saveState())));
    second.loadTensors(first.saveTensors());
    const mean = give(second, 6, 3) as { w: tf.Tensor };
    // (1·2 + 3·6)/4
    expect(mean.w.dataSync()[0]).toBe(5);
    expect(() => second.loadState({ targets: 1, count: 2 })).toThrow('GW_ACCUMULATE_STATE');
    for (const hooks of [first, second]) hooks.dispose();
  });

  it.each([0, 1.5, Number.NaN])('refuses %d batches', (batches) => {
    expect(() => accumulate({ batches })).toThrow(`GW_ACCUMULATE_OPTIONS: got batches ${batches}`);
  });
});
