import '@tensorflow/tfjs';
import { definePlugin, type Plugin, type PluginError, type TrainEnd } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import type { ServiceIdentifier } from 'inversify';
import { beforeAll, describe, expect, it } from 'vitest';
import { failure, line, plugin, points, recorder } from '../test/fixtures.js';
import { type TrainOptions, train } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
const optimizer = () => tf.train.sgd(0.1);
const run = (plugins: TrainOptions['plugins'], more: Partial<TrainOptions> = {}) =>
  failure(train(line(), points(2), { epochs: 1, optimizer: optimizer(), plugins: plugins ?? [], ...more }));
const boom = () => {
  throw new Error('boom');
};

describe('a plugin that throws', () => {
  const hooks: [keyof Plugin & string, Partial<Plugin>][] = [
    ['onTrainBegin', { onTrainBegin: boom }],
    ['onEpochBegin', { onEpochBegin: boom }],
    ['onBatchBegin', { onBatchBegin: () => Promise.reject(new Error('boom')) }],
    ['transformBatch', { transformBatch: boom }],
    ['transformLoss', { transformLoss: boom }],
    ['transformGradients', { transformGradients: boom }],
    ['provideProbe', { provideProbe: boom }],
    ['provideLearningRate', { provideLearningRate: boom }],
    ['beforeUpdate', { beforeUpdate: boom }],
    ['onBatchEnd', { onBatchEnd: boom }],
    ['onValidationBegin', { onValidationBegin: boom }],
    ['onValidationEnd', { onValidationEnd: boom }],
    ['onEpochEnd', { onEpochEnd: boom }],
    ['onTrainEnd', { onTrainEnd: boom }],
    ['dispose', { dispose: boom }],
  ];
  it.each(hooks)(
    'in %s: coded, told to everyone, everything disposed of, nothing leaked',
    async (hook, bad) => {
      const log: string[] = [];
      let end: TrainEnd | undefined;
      const other = recorder('other', log, {
        onTrainEnd(_, how) {
          end = how;
        },
      });
      const model = line();
      const rate = optimizer();
      const before = tf.memory().numTensors;
      const error = (await failure(
        train(model, points(2), {
          epochs: 1,
          optimizer: rate,
          validation: points(1),
          plugins: [other, plugin('bad', bad)],
        }),
      )) as PluginError;
      expect([error.code, error.plugin, error.hook]).toEqual(['GW_PLUGIN_HOOK', 'bad', hook]);
      expect((error.cause as Error).message).toBe('boom');
      expect(log.filter((call) => call === 'other onTrainEnd' || call === 'other dispose')).toEqual([
        'other onTrainEnd',
        'other dispose',
      ]);
      const late = hook === 'onTrainEnd' || hook === 'dispose';
      expect(end).toEqual(late ? { reason: 'completed' } : { reason: 'failed', error });
      expect(tf.memory().numTensors).toBe(before);
    },
  );
});

describe('failures', () => {
  it('of model and data are rethrown as they are, after onTrainEnd and disposal', async () => {
    for (const place of ['model', 'data', 'validation']) {
      const log: string[] = [];
      const model = line();
      const thrown = new RangeError(place);
      const fail = () => {
        throw thrown;
      };
      const before = tf.memory().numTensors;
      const broken = {
        ...model,
        loss: (...args: Parameters<typeof model.loss>) => {
          const loss = model.loss(...args);
          if (place === 'model') fail();
          return loss;
        },
      };
      const source = (bad: boolean) =>
        function* () {
          yield* points(2)();
          if (bad) fail();
        };
      const error = await failure(
        train(broken, source(place === 'data'), {
          epochs: 1,
          optimizer: tf.train.adam(0.1),
          validation: source(place === 'validation'),
          plugins: [recorder('p', log)],
        }),
      );
      expect(error).toBe(thrown);
      expect(log.slice(-2)).toEqual(['p onTrainEnd', 'p dispose']);
      // Two slots a weight and two powers of β, when an update came first, belong to the optimiser.
      expect(tf.memory().numTensors - before).toBeLessThanOrEqual(6);
    }
  });

  it('leave no tape behind when the loss throws half-way', async () => {
    const model = line();
    const rate = optimizer();
    const before = tf.memory().numTensors;
    const broken = {
      ...model,
      loss: (...args: Parameters<typeof model.loss>) => {
        model.loss(...args);
        return boom();
      },
    };
    await failure(train(broken, points(1), { epochs: 1, optimizer: rate }));
    expect(tf.memory().numTensors).toBe(before);
    const { steps } = await train(model, points(1), { epochs: 1, optimizer: rate });
    expect(steps).toBe(1);
  });

  it('in onTrainEnd or dispose do not mask the first, and keep nobody from theirs', async () => {
    const log: string[] = [];
    const error = (await run([
      recorder('first', log, { onTrainEnd: boom, dispose: boom }),
      plugin('bad', { onBatchEnd: boom }),
      recorder('last', log, { dispose: () => Promise.reject(new Error('late')) }),
    ])) as PluginError;
    expect([error.plugin, error.hook]).toEqual(['bad', 'onBatchEnd']);
    const end = ['first onTrainEnd', 'last onTrainEnd', 'last dispose', 'first dispose'];
    expect(log.slice(-4)).toEqual(end);
  });

  it('of several disposals come together', async () => {
    const error = await run([
      plugin('a', { dispose: boom }),
      plugin('b', {}),
      plugin('c', { dispose: boom }),
    ]);
    const { errors } = error as AggregateError;
    expect(errors.map((e: PluginError) => `${e.plugin} ${e.hook}`)).toEqual(['c dispose', 'a dispose']);
  });

  it('that are no errors still reach onTrainEnd as one', async () => {
    let end: TrainEnd | undefined;
    const see = plugin('see', {
      onTrainEnd(_, how) {
        end = how;
      },
    });
    const source = () => {
      throw 'text';
    };
    const thrown = await failure(
      train(line(), source, { epochs: 1, optimizer: optimizer(), plugins: [see] }),
    );
    expect(thrown).toBe('text');
    expect(end).toMatchObject({ reason: 'failed', error: { message: 'text' } });
  });
});

describe('plugins that cannot be made', () => {
  it.each([
    ['an object', { name: 'clip', onBatchEnd() {} }, 'definePlugin("clip"'],
    ['a factory', definePlugin('clip', () => ({})), 'call it'],
    ['a name', 'dropout', '"dropout"'],
    ['a number', 3, 'plugins[0]'],
  ])('%s is GW_PLUGIN_UNKNOWN', async (_, entry, text) => {
    const error = await run([entry as never]);
    expect(error).toMatchObject({ code: 'GW_PLUGIN_UNKNOWN', message: expect.stringContaining(text) });
  });

  it('two of one name are GW_PLUGIN_DUPLICATE', async () => {
    expect(await run([plugin('a', {}), plugin('a', {})])).toMatchObject({ code: 'GW_PLUGIN_DUPLICATE' });
  });

  it('a misspelt hook is GW_PLUGIN_HOOK_UNKNOWN', async () => {
    const error = await run([plugin('a', { onEpochFinish() {} } as never)]);
    expect(error).toMatchObject({
      code: 'GW_PLUGIN_HOOK_UNKNOWN',
      message: expect.stringContaining('onEpoch'),
    });
  });

  it('a missing service is GW_PLUGIN_CREATE; plugins made before are disposed of', async () => {
    const log: string[] = [];
    const Clock = Symbol('Clock') as ServiceIdentifier<object>;
    const timer = definePlugin('timer', (_: object, _clock: object) => ({}), [Clock]);
    const bad = definePlugin('bad', boom);
    expect(await run([recorder('a', log), timer({})])).toMatchObject({
      code: 'GW_PLUGIN_CREATE',
      message: expect.stringContaining('Symbol(Clock)'),
    });
    expect(await run([recorder('a', log), bad({})])).toMatchObject({ plugin: 'bad', hook: 'create' });
    expect(log.at(-1)).toBe('a dispose');
  });
});

describe('a loss of NaN or infinity', () => {
  const blowUp = () => {
    const model = line();
    return {
      ...model,
      loss: (...args: Parameters<typeof model.loss>) => tf.div(model.loss(...args), 0) as tf.Scalar,
    };
  };
  const options = () => ({ epochs: 3, optimizer: optimizer(), validation: points(1) });

  it('ends the run where it is read, and says what to try', async () => {
    let seen: number | undefined;
    const reader = plugin('reader', {
      async onBatchEnd({ logs }) {
        seen = (await logs()).loss;
      },
    });
    const error = await failure(train(blowUp(), points(4), { ...options(), plugins: [reader] }));
    expect(error.code).toBe('GW_TRAIN_NONFINITE');
    expect(error.message).toMatch(/Infinity in batch 0 of epoch 0 \(step 0\).*clip.*learning rate/);
    expect(seen).toBe(Number.POSITIVE_INFINITY);
  });

  it('spares the weights where it is read before the update', async () => {
    const model = blowUp();
    const reader = plugin('reader', { beforeUpdate: async (_, { logs }) => void (await logs()) });
    expect(await failure(train(model, points(1), { ...options(), plugins: [reader] }))).toMatchObject({
      code: 'GW_TRAIN_NONFINITE',
    });
    expect((await model.weights.w.data())[0]).toBe(0);
  });

  it('ends it at the end of the epoch where nobody reads, before validation and checkpoints', async () => {
    const log: string[] = [];
    const watch = plugin('watch', {
      onValidationBegin: () => void log.push('validation'),
      onEpochEnd: () => void log.push('epoch end'),
      onTrainEnd: (_, { reason }) => void log.push(reason),
    });
    const error = await failure(train(blowUp(), points(4), { ...options(), plugins: [watch] }));
    expect(error).toMatchObject({ code: 'GW_TRAIN_NONFINITE', message: expect.stringContaining('epoch 0') });
    expect(log).toEqual(['failed']);
  });

  it('ends a long epoch on the way', async () => {
    let steps = 0;
    const count = plugin('count', {
      onBatchEnd: ({ step }) => {
        steps = step;
      },
    });
    const error = await failure(train(blowUp(), points(1000), { ...options(), plugins: [count] }));
    expect(error.message).toContain('before step 200');
    expect(steps).toBe(200);
  });

  it('is forgiven in a step whose update was skipped', async () => {
    const skip = plugin('skip', {
      transformGradients: () => null,
      onBatchEnd: async ({ logs }) => void (await logs()),
    });
    const result = await train(blowUp(), points(2), { epochs: 1, optimizer: optimizer(), plugins: [skip] });
    expect(result).toMatchObject({ skipped: 2, history: [{ skipped: 2 }] });
  });

  it('in validation ends it too', async () => {
    const model = line();
    const odd = {
      ...model,
      loss: (batch: Parameters<typeof model.loss>[0], training: boolean) =>
        tf.div(model.loss(batch, training), training ? 1 : 0) as tf.Scalar,
    };
    const error = await failure(train(odd, points(1), options()));
    expect(error).toMatchObject({
      code: 'GW_TRAIN_NONFINITE',
      message: expect.stringContaining('validation'),
    });
  });
});
