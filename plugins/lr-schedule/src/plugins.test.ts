import '@tensorflow/tfjs';
import { definePlugin, type Json, type PluginModule, type Trainable } from '@gatewise/plugin';
import { train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { cosine, cosineRate, plateauRate, ruleRate, stepRate, warmUpRate } from './index.js';
import { plateauHooks, plateauOptions } from './plateau.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** loss = Σ w: a step of gradient descent takes η from w. */
async function run(plugin: PluginModule, valLosses: readonly number[] = [0], steps = 2) {
  const w = tf.tidy(() => tf.variable(tf.scalar(0)));
  const model: Trainable = {
    name: 'slope',
    weights: { w },
    loss: ({ y }, training) => (training ? tf.sum(w) : tf.mean(y)),
  };
  const batch = (y: number) => ({ x: tf.zeros([1, 1]), y: tf.fill([1, 1], y) });
  const taken: number[] = [];
  const watch = definePlugin('watch', () => ({
    async onBatchEnd() {
      taken.push(-((await w.data())[0] as number));
    },
  }));
  const optimizer = tf.train.sgd(9);
  const { history } = await train(model, () => Array.from({ length: steps }, () => batch(0)), {
    epochs: valLosses.length,
    optimizer,
    validation: (epoch) => [batch(valLosses[epoch] as number)],
    plugins: [plugin, watch({})],
    steps: steps * valLosses.length,
  });
  optimizer.dispose();
  w.dispose();
  const rates = taken.map((sum, i) => Number((sum - (taken[i - 1] ?? 0)).toFixed(6)));
  return { rates, reported: history.map(({ learningRate }) => learningRate) };
}

describe('in a run', () => {
  it('the optimizer takes the rate of the step, and the logs have it', async () => {
    const { rates, reported } = await run(stepRate({ rate: 1, every: 1, factor: 0.5 }), [0, 0]);
    expect(rates).toEqual([1, 0.5, 0.25, 0.125]);
    expect(reported).toEqual([0.75, 0.1875]);
  });

  it('the run tells how many steps there are', async () => {
    expect((await run(cosineRate({ rate: 1 }), [0, 0])).rates).toEqual([1, 0.853553, 0.5, 0.146447]);
    const warm = warmUpRate({ steps: 2, after: cosine({ rate: 0.9 }) });
    expect((await run(warm, [0, 0])).rates).toEqual([0.3, 0.6, 0.9, 0.45]);
    expect((await run(ruleRate(({ step }) => step))).rates).toEqual([0, 1]);
  });

  it('two schedules are refused', async () => {
    const optimizer = tf.train.sgd(1);
    const w = tf.variable(tf.scalar(0));
    const plugins = [stepRate({ rate: 1, every: 1 }), cosineRate({ rate: 1 })];
    const model = { name: 'one', weights: { w }, loss: () => tf.sum(w) as tf.Scalar };
    await expect(train(model, [], { epochs: 1, optimizer, plugins })).rejects.toThrow('GW_PLUGIN_DUPLICATE');
  });
});

describe('plateau', () => {
  it('shrinks the rate after `patience` epochs without improvement, again and again, not below the least', async () => {
    const plateau = plateauRate({ rate: 1, factor: 0.1, patience: 2, least: 0.05 });
    const { rates } = await run(plateau, [3, 2, 2, 2, 2, 1, 1, 1, 1, 1], 1);
    expect(rates).toEqual([1, 1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05]);
  });

  it('goes on from its state', () => {
    const make = () => plateauHooks(plateauOptions({ rate: 1, patience: 1, factor: 0.5 }));
    const [first, second] = [make(), make()];
    const end = (hooks: ReturnType<typeof make>, epoch: number, valLoss: number) =>
      hooks.onEpochEnd?.({ epoch, logs: { valLoss } } as never);
    end(first, 0, 1);
    end(first, 1, 2);
    second.loadState?.(JSON.parse(JSON.stringify(first.saveState?.())) as Json);
    end(second, 2, 1.5);
    expect(second.saveState?.()).toEqual({ rate: 0.25, patience: { best: 1, bestEpoch: 0, waited: 0 } });
    expect(() => second.loadState?.({ rate: 'x' })).toThrow('GW_LR_STATE');
    expect(() => second.loadState?.({ rate: 1 })).toThrow('GW_LR_STATE');
  });

  it('refuses a number that is not there, and bad options', async () => {
    await expect(run(plateauRate({ rate: 1, patience: 1, monitor: 'perplexity' }), [1, 1])).rejects.toThrow(
      'GW_LR_MONITOR: got no "perplexity"',
    );
    const plateau = (more: object) => () => plateauRate({ rate: 1, patience: 1, ...more });
    expect(plateau({ patience: 0 })).toThrow('GW_LR_OPTIONS: got patience 0');
    expect(plateau({ factor: 1 })).toThrow('GW_LR_OPTIONS: got factor 1, wanted one below 1');
    expect(plateau({ least: -1 })).toThrow('GW_LR_OPTIONS: got least -1');
  });
});
