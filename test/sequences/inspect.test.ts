import { useBackend } from '@gatewise/backends';
import { lstm as lstmCell, vanilla as vanillaCell } from '@gatewise/cells';
import { type FlowReport, gradientFlow, jacobianNorm } from '@gatewise/inspect';
import { lstm, stack } from '@gatewise/layers';
import { type Engine, engines } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { withNative } from '../engines/with-native.js';

const [B, T, I, H] = [3, 12, 2, 5];

/** The whole report and Jacobians on an engine, which must do all of it itself. */
async function inspect(engine: string) {
  const used = engines(tf.getBackend()).find(({ name }) => name === engine) as Engine;
  const forward = vi.spyOn(used, 'forward');
  const backward = vi.spyOn(used, 'backward');
  const x = tf.randomNormal([B, T, I], 0, 1, 'float32', 1);
  const layer = lstm({ units: H, seed: 1, inputShape: [T, I], returnSequences: true });
  const levels = [{ cell: 'gru', units: 4, seed: 2, merge: 'concat' as const }];
  const model = tf.sequential({
    layers: [layer, stack({ levels, name: 'pair' }), tf.layers.dense({ units: 1 })],
  });
  model.layers[2]!.setWeights([tf.ones([8, 1]), tf.zeros([1])]);
  const { layers } = await gradientFlow(model, { x, y: tf.ones([B, 1]) });
  // all states of the LSTM are one more run than its forward, and the gates' replay none
  expect(forward.mock.calls.length).toBeGreaterThanOrEqual(6);
  expect(backward).toHaveBeenCalledTimes(3);
  const row = tf.slice(x, [0, 0, 0], [1, T, I]);
  const [W, R, b] = layer.getWeights() as [tf.Tensor, tf.Tensor, tf.Tensor];
  const jacobians = [
    await jacobianNorm(lstmCell, { x: row, W, R, b, engine }, 10, 2),
    await jacobianNorm(layer, { x: row }, 10, 2),
    await jacobianNorm(
      vanillaCell,
      {
        x: row,
        W: tf.slice(W, [0, 0], [I, H]),
        R: tf.slice(R, [0, 0], [H, H]),
        b: tf.slice(b, 0, H),
        engine,
      },
      10,
      2,
    ),
  ];
  expect(backward).toHaveBeenCalledTimes(6);
  forward.mockRestore();
  backward.mockRestore();
  return { layers, jacobians };
}

const numbers = (value: unknown): number[] =>
  typeof value === 'number'
    ? [value]
    : value && typeof value === 'object'
      ? Object.values(value).flatMap(numbers)
      : [];

let wanted: { layers: FlowReport['layers']; jacobians: unknown };
beforeAll(async () => {
  await useBackend('cpu');
  wanted = await alone('ops');
});
afterEach(() => void vi.restoreAllMocks());

/** With every engine but one refusing. */
async function alone(engine: string) {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
  for (const other of engines(tf.getBackend())) {
    if (other.name !== engine) vi.spyOn(other as Engine, 'supports').mockReturnValue('another is tested');
  }
  return inspect(engine);
}

async function agrees(engine: string) {
  const [a, b] = [numbers(await alone(engine)), numbers(wanted)];
  expect(a.length).toBe(b.length);
  expect(a.length).toBeGreaterThan(100);
  a.forEach((v, n) => {
    expect(Math.abs(v - b[n]!)).toBeLessThan(2e-5 * Math.max(1, Math.abs(b[n]!)));
  });
}

describe('gradientFlow and jacobianNorm', () => {
  it('run on ops', () => {
    expect(wanted.layers.map(({ layer }) => layer).slice(1)).toEqual(['pair/0/forward', 'pair/0/backward']);
  });
  withNative(() => {
    it('run fused on native', async () => {
      await useBackend('cpu');
      await agrees('native');
    });
  });
  it('run fused on wasm', async () => {
    await useBackend('wasm');
    await agrees('wasm');
  });
});
