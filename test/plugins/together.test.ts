import { useBackend } from '@gatewise/backends';
import { type Hooks, hookKinds } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { pluginOf } from './describe.js';
import { runTogether, together } from './together.js';

beforeAll(() => useBackend('cpu'));

const rank = { pre: 0, none: 1, post: 2 };
/** Who has a hook, in the order of the contract: pre, none, post, then as registered. */
const listeners = () => {
  const all = together()
    .map(({ make }) => pluginOf(make()))
    .sort((a, b) => rank[a.order ?? 'none'] - rank[b.order ?? 'none']);
  return (hook: keyof Hooks) => all.filter((plugin) => plugin[hook]).map(({ name }) => name);
};

describe('all plugins at once', () => {
  it('are called hook by hook in the order of the contract', async () => {
    const calls: { hook: keyof Hooks; names: string[] }[] = [];
    await runTogether(
      { epochs: 2, steps: 3 },
      {
        seen: ({ name }, hook) => {
          if (name === 'watch') return;
          const last = calls.at(-1);
          // a layer more, or the hook of the next step
          if (last?.hook === hook && !last.names.includes(name)) last.names.push(name);
          else calls.push({ hook, names: [name] });
        },
      },
    );
    const of = listeners();
    const answered: readonly (keyof Hooks)[] = ['provideLearningRate', 'provideProbe'];
    for (const { hook, names } of calls) {
      const everyone = of(hook);
      // the first answer is enough, and gradients that are put off end their chain
      const some = answered.includes(hook) || hook === 'transformGradients';
      expect([hook, names]).toEqual([hook, some ? everyone.slice(0, names.length) : everyone]);
    }
    const called = new Set(calls.map(({ hook }) => hook));
    for (const hook of Object.keys(hookKinds) as (keyof Hooks)[])
      if (of(hook).length > 0) expect(called).toContain(hook);
  });

  it('see this of a step: first what changes gradients, then what guards, then what looks on', async () => {
    const log: string[] = [];
    await runTogether({ epochs: 1, steps: 3 }, { seen: ({ name }, hook) => log.push(`${hook} ${name}`) });
    const of = (hook: string) =>
      log.filter((call) => call.startsWith(`${hook} `)).map((call) => call.split(' ')[1]);
    const updates = of('transformGradients');
    expect(updates.indexOf('accumulate')).toBeLessThan(updates.indexOf('clip-by-global-norm'));
    expect(updates.lastIndexOf('l2')).toBeLessThan(updates.lastIndexOf('clip-by-norm'));
    const before = of('beforeUpdate');
    expect(before.indexOf('nan-guard')).toBeLessThan(before.indexOf('gradient-flow'));
    expect(before.at(-1)).toBe('tensorboard');
    const ends = of('onEpochEnd');
    expect(ends.indexOf('sampler')).toBeLessThan(ends.indexOf('report'));
    expect(ends.indexOf('sampler')).toBeLessThan(ends.indexOf('tensorboard'));
  });

  it('keep tf.memory() flat over 500 steps', async () => {
    const seen: { numTensors: number; numBytes: number }[] = [];
    await runTogether({ epochs: 5, steps: 100 }, { onStep: () => seen.push(tf.memory()) });
    expect(seen).toHaveLength(500);
    // averages, copies and the best weights are there after the first epoch; sums come and go with each update
    const range = (from: number) => {
      const of = (pick: (m: (typeof seen)[0]) => number) => seen.slice(from, from + 100).map(pick);
      const [tensors, bytes] = [of((m) => m.numTensors), of((m) => m.numBytes)];
      return [Math.min(...tensors), Math.max(...tensors), Math.min(...bytes), Math.max(...bytes)];
    };
    expect(range(400)).toEqual(range(200));
  });
});
