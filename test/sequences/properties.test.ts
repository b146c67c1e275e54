import { useBackend } from '@gatewise/backends';
import { registeredCells, runLayer, stack } from '@gatewise/layers';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { withNative } from '../engines/with-native.js';
import { whyNot } from '../on-backend.js';
import { falseProperty, holds, properties } from './properties.js';

const runner = { describe, it };
const trials = { numRuns: 25, within: 2e-6 };
const cpu = () => useBackend('cpu');

properties(runner, { engine: 'ops', use: cpu, ...trials });
withNative(() => properties(runner, { engine: 'native', use: cpu, ...trials }));
describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  properties(runner, { engine: 'wasm', use: () => useBackend(backend), ...trials });
});
const reason = await whyNot('webgpu');
describe.skipIf(reason !== null)(`webgpu in Node${reason ? `: ${reason}` : ''}`, () => {
  properties(runner, { engine: 'webgpu', use: () => useBackend('webgpu'), numRuns: 4, within: 2e-5 });
});

describe('layers', () => {
  beforeAll(cpu);
  const tower = fc.record({
    cells: fc.array(fc.constantFrom(...registeredCells()), { minLength: 1, maxLength: 3 }),
    units: fc.integer({ min: 1, max: 5 }),
    seed: fc.nat(1000),
    T: fc.integer({ min: 2, max: 6 }),
    residual: fc.boolean(),
  });
  it('a stack of any cells: split and carry = whole', async () => {
    const splits = fc.tuple(tower, fc.nat());
    await holds(
      splits,
      ([{ cells, units, seed, T, residual }, at]) => {
        const layer = stack({ levels: cells.map((cell) => ({ cell, units, seed })), residual });
        const n = 1 + (at % (T - 1));
        const x = tf.randomNormal([2, T, 3], 0, 1, 'float32', seed);
        const whole = runLayer(layer, x);
        const first = runLayer(layer, tf.slice(x, [0, 0, 0], [2, n, 3]));
        const second = runLayer(layer, tf.slice(x, [0, n, 0], [2, T - n, 3]), first.state);
        for (const { state } of [whole, first, second]) state.dispose();
        layer.dispose();
        return [{ got: tf.concat([first.y, second.y], 1), wanted: whole.y }];
      },
      trials,
    );
  });
});

it('a property that is false is found false', async () => {
  await cpu();
  await expect(falseProperty()).rejects.toThrow(/Property failed/);
});
