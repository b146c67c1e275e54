import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { useBackend } from './index.js';
import { timeStep } from './time-step.js';

const alive = () => {};
beforeAll(() => useBackend('cpu'));

describe('timeStep', () => {
  it('runs the whole step where nothing is faster, and keeps no tensor', async () => {
    const held = tf.memory().numTensors;
    const time = await timeStep({ B: 3, T: 5, I: 2, H: 4 }, Number.POSITIVE_INFINITY, alive);
    expect(time).toEqual({ ms: expect.any(Number), part: 1, beaten: false });
    expect(time.ms).toBeGreaterThan(0);
    expect(tf.memory().numTensors).toBe(held);
  });

  it('ends early at a step that nobody could wait for, or hold', async () => {
    const endless = { B: 64, T: 1e9, I: 32, H: 64 };
    const { ms, part, beaten } = await timeStep(endless, Number.POSITIVE_INFINITY, alive);
    expect(part).toBeLessThan(1);
    expect(ms).toBeGreaterThan(2000);
    expect(beaten).toBe(false);
  });

  it('ends early where a part takes longer than the best whole', async () => {
    const { part, beaten } = await timeStep({ B: 64, T: 1e9, I: 32, H: 64 }, 0.01, alive);
    expect(part).toBeLessThan(1);
    expect(beaten).toBe(true);
  });

  it('ends where nobody waits any more, and keeps no tensor', async () => {
    const held = tf.memory().numTensors;
    const gone = () => {
      throw new Error('gone');
    };
    await expect(timeStep({ B: 3, T: 5, I: 2, H: 4 }, 1, gone)).rejects.toThrow('gone');
    expect(tf.memory().numTensors).toBe(held);
  });
});
