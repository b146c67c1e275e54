import '@tensorflow/tfjs';
import type { BatchContext, Plugin, PluginError } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { ctx, drive, thrown } from '../test/driving.js';
import { failure } from '../test/fixtures.js';
import { Contexts } from './contexts.js';
import { Report } from './logs.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('which plugins are taken', () => {
  it.each([
    ['GW_PLUGIN_NAME', [{ name: '' }], 'definePlugin'],
    ['GW_PLUGIN_DUPLICATE', [{ name: 'a' }, { name: 'a' }], '"a"'],
    ['GW_PLUGIN_ORDER', [{ name: 'a', order: 'early' as never }], '"early"'],
    ['GW_PLUGIN_HOOK_UNKNOWN', [{ name: 'a', onEpochFinish() {} } as Plugin], '"onEpochFinish"'],
    ['GW_PLUGIN_HOOK_UNKNOWN', [{ name: 'a', onEpochend() {} } as Plugin], 'did you mean "onEpochEnd"'],
    [
      'GW_PLUGIN_HOOK_UNKNOWN',
      [{ name: 'a', transformGradient: () => null } as Plugin],
      '"transformGradients"',
    ],
  ])('%s', async (code, plugins, text) => {
    expect(await thrown(() => drive(...plugins))).toMatchObject({
      code,
      message: expect.stringContaining(text),
    });
  });

  it('takes data beside the hooks', () => {
    expect(drive({ name: 'a', note: 'text' } as Plugin).plugins).toHaveLength(1);
  });
});

describe('observe', () => {
  it('goes pre, none, post, and in order of registration within; waits for each; keeps `this`', async () => {
    const log: string[] = [];
    const make = (name: string, order?: 'pre' | 'post'): Plugin => ({
      name,
      ...(order ? { order } : {}),
      async onBatchEnd() {
        await Promise.resolve();
        log.push(this.name);
      },
    });
    await drive(
      make('e', 'post'),
      make('c'),
      make('a', 'pre'),
      make('d'),
      make('f', 'post'),
      make('b', 'pre'),
    ).observe('onBatchEnd', ctx);
    expect(log.join('')).toBe('abcdef');
  });

  it('knows who listens', () => {
    const driver = drive({ name: 'a', onBatchEnd() {} });
    expect([driver.has('onBatchEnd'), driver.has('onBatchBegin')]).toEqual([true, false]);
  });

  it('names plugin, hook and cause, and goes no further', async () => {
    const cause = new Error('boom');
    let reached = false;
    const driver = drive(
      { name: 'a', onBatchEnd: () => Promise.reject(cause) },
      {
        name: 'b',
        onBatchEnd() {
          reached = true;
        },
      },
    );
    const error = (await failure(driver.observe('onBatchEnd', ctx))) as PluginError;
    expect([error.code, error.plugin, error.hook]).toEqual(['GW_PLUGIN_HOOK', 'a', 'onBatchEnd']);
    expect(error.cause).toBe(cause);
    expect(reached).toBe(false);
    expect((await driver.observeAll('onBatchEnd', ctx)).map((e) => e.plugin)).toEqual(['a']);
    expect(reached).toBe(true);
  });

  it('gives each plugin its own seeded stream and a context that nobody can set', async () => {
    const seen: Record<string, number> = {};
    const draw = (name: string): Plugin => ({
      name,
      onBatchEnd({ random }) {
        seen[name] = random.u32();
      },
    });
    await drive(draw('a'), draw('b')).observe('onBatchEnd', ctx);
    const first = { ...seen };
    expect(first.a).not.toBe(first.b);
    await drive(draw('b'), draw('a')).observe('onBatchEnd', ctx);
    expect(seen).toEqual(first);
    const setter: Plugin = {
      name: 'a',
      onBatchEnd(context) {
        (context as { epoch: number }).epoch = 3;
      },
    };
    expect(await failure(drive(setter).observe('onBatchEnd', ctx))).toMatchObject({ hook: 'onBatchEnd' });
  });

  it('gives contexts whose fields can be taken apart and stay live', async () => {
    const progress = { step: 4, skipped: 0, report: new Report() };
    const live = new Contexts({ weights: {}, epochs: 9, seed: 1, steps: 5 }, progress);
    let context: BatchContext | undefined;
    const keeper: Plugin = {
      name: 'keeper',
      onBatchEnd(c) {
        context = c;
        const { epochs, steps, size, stop } = c;
        stop('enough');
        expect([epochs, steps, size]).toEqual([9, 5, 3]);
      },
    };
    await drive(keeper).observe('onBatchEnd', live.batch({ epoch: 0, batch: 0 }, { count: 3 }, new Report()));
    progress.step = 5;
    expect(context?.step).toBe(5);
    expect(progress).toMatchObject({ why: 'enough' });
  });
});

describe('provide', () => {
  const layer = { name: 'lstm', units: 4 };

  it('takes the first answer', () => {
    const driver = drive(
      { name: 'a', provideLearningRate: () => undefined },
      { name: 'b', provideLearningRate: () => 0 },
      { name: 'c', provideLearningRate: () => 0.5 },
    );
    expect(driver.provide('provideLearningRate', ctx)).toBe(0);
    expect(drive().provide('provideLearningRate', ctx)).toBeUndefined();
  });

  it('merges regularisers field by field', () => {
    const driver = drive(
      {
        name: 'late',
        order: 'post',
        provideRegularisers: () => ({ inputDropout: 0.9, zoneout: { h: 0.1 } }),
      },
      { name: 'none', provideRegularisers: () => undefined },
      { name: 'open', provideRegularisers: () => ({ outputDropout: undefined as never }) },
      {
        name: 'dropout',
        provideRegularisers: ({ units }) => ({ inputDropout: 0.1 * units, outputDropout: 0.2 }),
      },
    );
    const merged = { inputDropout: 0.4, outputDropout: 0.2, zoneout: { h: 0.1 } };
    expect(driver.provide('provideRegularisers', layer, ctx)).toEqual(merged);
  });

  it('probes when anyone asks', () => {
    const no: Plugin = { name: 'no', provideProbe: () => false };
    expect(drive(no, { name: 'yes', provideProbe: () => true }).provide('provideProbe', ctx)).toBe(true);
    expect(drive(no).provide('provideProbe', ctx)).toBeUndefined();
  });

  it('wraps a throw, refuses promises and rates that are none', async () => {
    const bad: Plugin = {
      name: 'bad',
      provideProbe() {
        throw new Error('boom');
      },
    };
    expect(await thrown(() => drive(bad).provide('provideProbe', ctx))).toMatchObject({
      hook: 'provideProbe',
    });
    for (const rate of [Number.NaN, -1, 'fast', Promise.reject(new Error('late'))]) {
      const driver = drive({ name: 'odd', provideLearningRate: () => rate as number });
      const error = await thrown(() => driver.provide('provideLearningRate', ctx));
      expect(error).toMatchObject({ code: 'GW_PLUGIN_RESULT', message: expect.stringContaining('"odd"') });
    }
  });
});

describe('states', () => {
  const counter = (): Plugin & { count: number } => ({
    name: 'counter',
    count: 0,
    onBatchEnd({ random }) {
      this.count += random.int(1000);
    },
    saveState() {
      return { count: this.count };
    },
    loadState(state) {
      this.count = (state as { count: number }).count;
    },
  });

  it('go through JSON and continue state and random stream', async () => {
    const [a, b] = [counter(), counter()];
    const first = drive(a, { name: 'plain' });
    await first.observe('onBatchEnd', ctx);
    const saved = JSON.parse(JSON.stringify(first.save()));
    await first.observe('onBatchEnd', ctx);
    const second = drive({ name: 'new' }, b);
    second.load(saved);
    await second.observe('onBatchEnd', ctx);
    expect(b.count).toBe(a.count);
  });

  it('refuses damaged entries and wraps throws', async () => {
    const driver = drive({ ...counter(), saveState: () => Promise.resolve(1) as never });
    expect(await thrown(() => driver.load({ counter: 'text' }))).toMatchObject({ code: 'GW_PLUGIN_STATE' });
    expect(await thrown(() => driver.load({ counter: null }))).toMatchObject({ code: 'GW_PLUGIN_STATE' });
    const entry = { random: { key: 1, count: 2 }, state: null };
    expect(await thrown(() => driver.load({ counter: entry }))).toMatchObject({
      plugin: 'counter',
      hook: 'loadState',
    });
    expect(await thrown(() => driver.save())).toMatchObject({ code: 'GW_PLUGIN_RESULT' });
  });
});
