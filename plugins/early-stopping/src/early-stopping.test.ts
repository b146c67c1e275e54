import '@tensorflow/tfjs';
import type { Trainable } from '@gatewise/plugin';
import { type TrainOptions, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { earlyStoppingHooks } from './early-stopping.js';
import { type EarlyStoppingOptions, earlyStopping } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Each step takes 1 from w; the validation loss is what the targets say. */
function countdown(): Trainable & { readonly w: tf.Variable } {
  const w = tf.tidy(() => tf.variable(tf.zeros([2])));
  return {
    name: 'countdown',
    w,
    weights: { w },
    loss: ({ y }, training) => (training ? tf.sum(w) : tf.mean(y)),
  };
}
const batch = (target = 0) => [{ x: tf.zeros([1, 1]), y: tf.fill([1, 1], target) }];

async function run(
  valLosses: readonly number[],
  options: EarlyStoppingOptions,
  more: Partial<TrainOptions> = {},
) {
  const model = countdown();
  const optimizer = tf.train.sgd(1);
  const validation = (epoch: number) => batch(valLosses[epoch]);
  const plugins = [earlyStopping(options)];
  try {
    const all = { epochs: valLosses.length, optimizer, validation, plugins, ...more };
    const { reason, epochs, ...rest } = await train(model, () => batch(), all);
    return { reason, epochs, why: 'why' in rest ? rest.why : '', w: (await model.w.data())[0] };
  } finally {
    optimizer.dispose();
    model.w.dispose();
  }
}

describe('earlyStopping', () => {
  it('stops after `patience` epochs without improvement, and says so', async () => {
    expect(await run([3, 2, 2, 2.5, 1, 0], { patience: 2 })).toEqual({
      reason: 'stopped',
      epochs: 4,
      why: 'valLoss did not improve for 2 epochs; best 2 in epoch 2',
      w: -4,
    });
    expect((await run([3, 4, 2, 4, 1, 4], { patience: 2 })).reason).toBe('completed');
    expect((await run([3, 4], { patience: 1 })).why).toBe(
      'valLoss did not improve for 1 epoch; best 3 in epoch 1',
    );
  });

  it('counts the epochs that are scored, where not all are', async () => {
    const validateEvery = { epochs: 2 };
    const result = await run([9, 3, 9, 4, 9, 5, 9], { patience: 2 }, { validateEvery });
    expect(result).toMatchObject({ reason: 'stopped', epochs: 6 });
  });

  it('wants more than minDelta, and goes upwards in mode max', async () => {
    expect((await run([3, 2.9, 2.8, 0], { patience: 2, minDelta: 0.5 })).epochs).toBe(3);
    expect((await run([3, 2.9, 2.4, 2.4], { patience: 2, minDelta: 0.5 })).epochs).toBe(4);
    expect((await run([1, 2, 3, 4], { patience: 1, mode: 'max' })).epochs).toBe(4);
    expect((await run([4, 3, 5, 6], { patience: 1, mode: 'max' })).epochs).toBe(2);
  });

  it('watches any number of the logs', async () => {
    expect((await run([1, 2, 3], { patience: 1, monitor: 'loss' })).epochs).toBe(3);
    expect((await run([3, 2, 1], { patience: 1, monitor: 'loss', mode: 'max' })).epochs).toBe(2);
  });

  it.each([
    [[3, 1, 2, 4, 0], 'stopped'],
    [[3, 1, 2], 'completed'],
  ])('puts the weights of the best epoch back: %j, %s', async (valLosses, reason) => {
    expect(await run(valLosses, { patience: 2, restoreBest: true })).toMatchObject({ reason, w: -2 });
    expect((await run(valLosses, { patience: 2 })).w).toBe(-Math.min(valLosses.length, 4));
  });

  it('leaves no tensor behind, nor after a failure', async () => {
    await run([1], { patience: 1, restoreBest: true });
    const before = tf.memory().numTensors;
    await run([5, 4, 3, 2, 1, 2, 3, 4, 5], { patience: 2, restoreBest: true });
    expect(tf.memory().numTensors).toBe(before);
    const failing = { validation: (epoch: number) => batch(epoch < 2 ? epoch : Number.POSITIVE_INFINITY) };
    await expect(run([1, 2, 3], { patience: 3, restoreBest: true }, failing)).rejects.toThrow();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a number that is not in the logs', () => {
  it('is refused with the names that are there', async () => {
    const unknown = run([1, 2], { patience: 1, monitor: 'perplexity' });
    await expect(unknown).rejects.toThrow(
      'GW_EARLY_STOPPING_MONITOR: got no "perplexity" in the logs of an epoch, wanted one of loss, valLoss; name one of these',
    );
    const { code } = (await unknown.catch((error) => error.cause)) as { code: string };
    expect(code).toBe('GW_EARLY_STOPPING_MONITOR');
  });

  it('is refused at the end of a run of one epoch, with a word on validation', async () => {
    const model = countdown();
    const optimizer = tf.train.sgd(1);
    const plugins = [earlyStopping({ patience: 1 })];
    await expect(train(model, () => batch(), { epochs: 1, optimizer, plugins })).rejects.toThrow(
      'give train() validation batches, or monitor "loss"',
    );
    optimizer.dispose();
    model.w.dispose();
  });

  it('is no error in a run that something else stopped before it was validated', async () => {
    const signal = AbortSignal.abort('the time is up');
    expect(await run([1, 2], { patience: 1 }, { signal })).toMatchObject({
      reason: 'stopped',
      why: 'the time is up',
    });
  });
});

describe('its state', () => {
  const checked = { patience: 2, monitor: 'valLoss', minDelta: 0, mode: 'min', restoreBest: false } as const;
  const epochEnd = (hooks: ReturnType<typeof earlyStoppingHooks>, epoch: number, valLoss: number) => {
    let why = '';
    const stop = (reason: string) => {
      why = reason;
    };
    const context = { epoch, logs: { valLoss }, weights: {}, stop };
    hooks.onEpochEnd(context as unknown as Parameters<typeof hooks.onEpochEnd>[0]);
    return why;
  };

  it('goes through JSON and continues', () => {
    const first = earlyStoppingHooks(checked);
    epochEnd(first, 0, 2);
    epochEnd(first, 1, 3);
    const second = earlyStoppingHooks(checked);
    second.loadState(JSON.parse(JSON.stringify(first.saveState())));
    expect(second.saveState()).toEqual({ best: 2, bestEpoch: 0, waited: 1 });
    expect(epochEnd(second, 2, 2.5)).toBe('valLoss did not improve for 2 epochs; best 2 in epoch 1');
  });

  it('counts NaN and Infinity as no improvement', () => {
    const hooks = earlyStoppingHooks(checked);
    expect(epochEnd(hooks, 0, Number.NaN)).toBe('');
    expect(epochEnd(hooks, 1, Number.POSITIVE_INFINITY)).toContain('it was never finite');
    expect(hooks.saveState()).toEqual({ best: null, bestEpoch: 0, waited: 2 });
  });

  it.each([null, {}, 3, { best: 'x', bestEpoch: 0, waited: 0 }])('refuses a damaged one: %j', (state) => {
    expect(() => earlyStoppingHooks(checked).loadState(state)).toThrow('GW_EARLY_STOPPING_STATE');
  });
});

it.each([
  [{ patience: 0 }, 'got patience 0, wanted a whole number of epochs, 1 or more'],
  [{ patience: 1.5 }, 'got patience 1.5'],
  [{ patience: Number.NaN }, 'got patience NaN'],
  [{ patience: 1, minDelta: -1 }, 'got minDelta -1, wanted a number of at least 0'],
  [{ patience: 1, mode: 'up' as 'min' }, 'got mode "up", wanted "min" or "max"'],
])('refuses the options %j', (options, message) => {
  expect(() => earlyStopping(options)).toThrow(`GW_EARLY_STOPPING_OPTIONS: ${message}`);
});
