import '@tensorflow/tfjs';
import { random } from '@gatewise/core';
import { type BatchContext, type PluginModule, Tokens } from '@gatewise/plugin';
import * as tf from '@tensorflow/tfjs-core';
import { Container } from 'inversify';
import { beforeAll, describe, expect, it } from 'vitest';
import { type FlowRecord, gradientFlow } from './gradient-flow.js';

function pluginOf(module: PluginModule) {
  const container = new Container();
  container.load(module);
  return container.get(Tokens.Plugin);
}

function context(step: number, reported: Record<string, number> = {}): BatchContext {
  return {
    weights: {},
    epochs: 1,
    epoch: 0,
    batch: step,
    size: 1,
    step,
    seed: 0,
    random: random(0),
    stop: () => {},
    logs: async () => ({}),
    report: (name, value) => {
      reported[name] = value as number;
    },
  };
}

const stats = () => ({
  gradients: {},
  skip: () => {},
  skipped: false,
  gates: async () => ({}),
  stateGradients: {
    rnn: tf.tensor2d([
      [1, 10],
      [2, 20],
      [4, 40],
    ]),
    head: tf.tensor2d([[0.5], [0.25], [8]]),
  },
  states: { rnn: ['h', 'c'], head: ['h'] },
});

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('gradientFlow', () => {
  it('asks for the probe every n steps', () => {
    const plugin = pluginOf(gradientFlow({ every: 3 }));
    expect([0, 1, 2, 3, 4, 5, 6].filter((step) => plugin.provideProbe?.(context(step)))).toEqual([0, 3, 6]);
    const standard = pluginOf(gradientFlow());
    expect([0, 1, 50, 75, 100].filter((step) => standard.provideProbe?.(context(step)))).toEqual([
      0, 50, 100,
    ]);
  });

  it('records every layer and state and reports the ends', async () => {
    const records: FlowRecord[] = [];
    const reported: Record<string, number> = {};
    const plugin = pluginOf(gradientFlow({ every: 5, onRecord: (record) => records.push(record) }));
    await plugin.beforeUpdate?.(stats(), context(10, reported));
    expect(records).toEqual([
      { step: 10, layer: 'rnn', state: 'h', norms: [1, 2, 4] },
      { step: 10, layer: 'rnn', state: 'c', norms: [10, 20, 40] },
      { step: 10, layer: 'head', state: 'h', norms: [0.5, 0.25, 8] },
    ]);
    expect(reported).toEqual({
      'flow/rnn/h/first': 1,
      'flow/rnn/h/last': 4,
      'flow/rnn/c/first': 10,
      'flow/rnn/c/last': 40,
      'flow/head/h/first': 0.5,
      'flow/head/h/last': 8,
    });
  });

  it('leaves alone what another plugin asked for', async () => {
    const reported: Record<string, number> = {};
    await pluginOf(gradientFlow({ every: 5 })).beforeUpdate?.(stats(), context(11, reported));
    expect(reported).toEqual({});
  });

  it('lets the given tensors go while it waits, and leaves none behind', async () => {
    const before = tf.memory().numTensors;
    const given = stats();
    const done = pluginOf(gradientFlow({ every: 1 })).beforeUpdate?.(given, context(0));
    tf.dispose(given.stateGradients);
    await done;
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses every = %s', (every) => {
    expect(() => gradientFlow({ every })).toThrow(/GW_GRADIENT_FLOW_EVERY/);
  });
});
