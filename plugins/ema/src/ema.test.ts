import '@tensorflow/tfjs';
import { definePlugin, type PluginModule, type Trainable } from '@gatewise/plugin';
import { type TrainOptions, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { emaHooks } from './ema.js';
import { type EmaOptions, ema } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Each step takes 1 from w; the validation loss is w. */
function countdown(): Trainable & { readonly w: tf.Variable } {
  const w = tf.tidy(() => tf.variable(tf.scalar(0)));
  return { name: 'countdown', w, weights: { w }, loss: () => tf.sum(w) };
}
const batches = (count: number) => () =>
  Array.from({ length: count }, () => ({ x: tf.zeros([1, 1]), y: tf.zeros([1, 1]) }));

async function run(options: EmaOptions, more: Partial<TrainOptions> = {}, plugins: PluginModule[] = []) {
  const model = countdown();
  const optimizer = tf.train.sgd(1);
  let w = Number.NaN;
  try {
    const all = {
      epochs: 1,
      optimizer,
      validation: batches(1),
      ...more,
      plugins: [ema(options), ...plugins],
    };
    const { history } = await train(model, batches(4), all);
    return { history, w: (await model.w.data())[0] as number };
  } catch (error) {
    w = (await model.w.data())[0] as number;
    throw Object.assign(error as Error, { w });
  } finally {
    optimizer.dispose();
    model.w.dispose();
  }
}
/** The averages of 0, −1, −2, … after n updates. */
const averaged = (n: number, decay: number) => {
  let a = 0;
  for (let i = 1; i <= n; i++) {
    const d = Math.min(decay, (1 + i) / (10 + i));
    a = d * a + (1 - d) * -i;
  }
  return a;
};

describe('ema', () => {
  it.each([0.999, 0.2, 0])('validates the averages and trains the weights: decay %d', async (decay) => {
    const { history, w } = await run({ decay });
    expect(history[0]?.valLoss).toBeCloseTo(averaged(4, decay), 5);
    expect(history[0]?.loss).toBe(-1.5);
    expect(w).toBe(-4);
  });

  it('ends with the averages where asked', async () => {
    expect((await run({ decay: 0.5, atEnd: true }, { epochs: 2 })).w).toBeCloseTo(averaged(8, 0.5), 5);
  });

  it('passes over updates that were skipped, or put off', async () => {
    for (const none of [null, 'later'] as const) {
      const odd = definePlugin('odd', () => ({
        transformGradients: (g, { step }) => (step % 2 === 1 ? none : g),
      }))({});
      expect((await run({ decay: 0.5 }, {}, [odd])).history[0]?.valLoss).toBeCloseTo(averaged(2, 0.5), 5);
    }
    const late = definePlugin('late', () => ({
      beforeUpdate: (stats, { step }) => {
        if (step % 2 === 1) stats.skip();
      },
    }))({});
    expect((await run({ decay: 0.5 }, {}, [late])).history[0]?.valLoss).toBeCloseTo(averaged(2, 0.5), 5);
  });

  it.each(['validation', 'onValidationBegin', 'onValidationEnd'])(
    'puts the weights back after an error in %s',
    async (at) => {
      const fail = () => {
        throw new Error('on purpose');
      };
      const seen: number[] = [];
      const odd = definePlugin('odd', () => ({
        ...(at === 'validation' ? {} : { [at]: fail }),
        async onTrainEnd({ weights }) {
          seen.push((await weights.w?.data())?.[0] as number);
        },
      }))({});
      const failing = run({ atEnd: true }, at === 'validation' ? { validation: fail } : {}, [odd]);
      await expect(failing).rejects.toMatchObject({ w: -4, message: expect.stringContaining('on purpose') });
      expect(seen).toEqual([-4]);
    },
  );

  it('leaves no tensor behind, nor after a failure', async () => {
    await run({});
    const before = tf.memory().numTensors;
    await run({ atEnd: true }, { epochs: 3 });
    const validation = () => {
      throw new Error('no');
    };
    await run({}, { validation }).catch(() => undefined);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('goes on from its state and tensors', () => {
    const weights = { w: tf.variable(tf.scalar(-1)) };
    const step = (hooks: ReturnType<typeof emaHooks>) => {
      hooks.beforeUpdate({ skipped: false } as never);
      hooks.onBatchEnd();
    };
    const make = () => {
      const hooks = emaHooks({ decay: 0.5, atEnd: false });
      hooks.onTrainBegin({ weights } as never);
      return hooks;
    };
    const [first, second] = [make(), make()];
    weights.w.assign(tf.scalar(3));
    step(first);
    second.loadState(JSON.parse(JSON.stringify(first.saveState())));
    second.loadTensors(first.saveTensors());
    for (const hooks of [first, second]) step(hooks);
    expect(second.saveTensors().w?.dataSync()).toEqual(first.saveTensors().w?.dataSync());
    expect(second.saveState()).toEqual({ updates: 2 });
    expect(() => second.loadState({ updates: -1 })).toThrow('GW_EMA_STATE');
  });

  it.each([1, -0.1, Number.NaN])('refuses a decay of %d', (decay) => {
    expect(() => ema({ decay })).toThrow(`GW_EMA_OPTIONS: got decay ${decay}, wanted a number in [0, 1)`);
  });
});
