import '@tensorflow/tfjs';
import { lstm } from '@gatewise/layers';
import { adam } from '@gatewise/optimisers';
import { type Batch, definePlugin, type Logger, type PluginModule, Tokens } from '@gatewise/plugin';
import { type TrainOptions, train } from '@gatewise/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { Container } from 'inversify';
import { beforeAll, describe, expect, it } from 'vitest';
import { type NanGuardOptions, nanGuard } from './index.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});
const [B, T, I, H] = [2, 3, 2, 4];

/** Puts values into a gradient at some steps. */
const spoil = (at: readonly number[], weight: string, index: readonly number[], value = Number.NaN) =>
  definePlugin('spoil', () => ({
    transformGradients(gradients, { step }) {
      if (!at.includes(step)) return gradients;
      const buffer = tf.buffer(gradients[weight]!.shape);
      buffer.set(value, ...index);
      return { ...gradients, [weight]: tf.add(gradients[weight]!, buffer.toTensor()) };
    },
  }))({});

async function run(
  options: NanGuardOptions,
  more: readonly PluginModule[],
  {
    optimizer = adam({ learningRate: 0.05 }),
    ...rest
  }: Partial<Pick<TrainOptions, 'optimizer' | 'steps'>> = {},
) {
  const recurrent = lstm({ units: H, inputShape: [T, I], seed: 1, name: 'memory' });
  const head = layers.dense({ units: 1, kernelInitializer: 'ones', name: 'head' });
  const model = sequential({ layers: [recurrent, head] });
  const warned: string[] = [];
  const logger: Logger = { info: () => {}, warn: (message) => warned.push(message) };
  const container = new Container();
  container.bind(Tokens.Logger).toConstantValue(logger);
  const batches = function* (): Generator<Batch> {
    for (let n = 0; n < 8; n++) {
      const x = Float32Array.from({ length: B * T * I }, (_, i) => Math.sin(i + n));
      yield { x: tf.tensor3d(x, [B, T, I]), y: tf.ones([B, 1]) };
    }
  };
  try {
    const all = { loss: 'meanSquaredError' as const, epochs: 1, optimizer, container, ...rest };
    const result = await train(model, batches, { ...all, plugins: [nanGuard(options), ...more] });
    const weights: number[] = [];
    for (const w of model.getWeights()) weights.push(...(await w.data()));
    const slots: (readonly number[])[] = [];
    for (const { tensor } of await optimizer.getWeights()) slots.push([...(await tensor.data())]);
    return { result, weights, slots, warned };
  } finally {
    optimizer.dispose();
    tf.dispose(model.weights.map((w) => w.read()));
  }
}
/** Leaves steps out. */
const leaveOut = (at: readonly number[]) =>
  definePlugin('leave-out', () => ({
    transformGradients: (g, { step }) => (at.includes(step) ? null : g),
  }))({});

describe('nanGuard', () => {
  it('names step, tensor, gate and unit, and leaves the update out as if it had not been', async () => {
    // W [I, 4H], gates i f g o in this order or another: the layer says
    const bad = await run({}, [spoil([3], 'memory/kernel', [1, H + 2])]);
    const wanted = await run({}, [leaveOut([3])]);
    expect(bad.warned).toEqual([
      expect.stringMatching(
        /^step 3: gradient of "memory\/kernel": NaN at \[1, 6\], gate \w, unit 2; 1 of 32 numbers are bad; its update is left out$/,
      ),
    ]);
    const [, gate] = /gate (\w)/.exec(bad.warned[0]!)!;
    const { cell } = lstm({ units: 1 }).settings;
    expect(gate).toBe((cell.input ?? cell.gates)[1]);
    expect(bad.weights).toEqual(wanted.weights);
    expect(bad.slots).toEqual(wanted.slots);
    expect([bad.result.skipped, bad.result.reason]).toEqual([1, 'completed']);
    expect(bad.result.history[0]?.loss).toBeCloseTo(wanted.result.history[0]?.loss as number, 6);
  });

  it('sees infinity, in a weight that belongs to no gate', async () => {
    const { warned } = await run({}, [spoil([0], 'head/kernel', [2, 0], Number.POSITIVE_INFINITY)]);
    expect(warned[0]).toContain('gradient of "head/kernel": Infinity at [2, 0]; 1 of 4 numbers are bad');
  });

  it('ends the run where asked, and after so many in a row', async () => {
    const spoilt = spoil([2, 3, 4, 5, 6, 7], 'head/bias', [0]);
    const stopped = await run({ action: 'stop' }, [spoilt]);
    expect(stopped.result).toMatchObject({
      reason: 'stopped',
      steps: 3,
      why: expect.stringContaining('head/bias'),
    });
    const limited = await run({ limit: 3 }, [spoilt]);
    expect(limited.result).toMatchObject({ reason: 'stopped', steps: 5, skipped: 3 });
    expect(limited.warned[2]).toMatch(/the run ends$/);
  });

  it.each([
    ['our adam', () => adam({ learningRate: 0.05 })],
    ["tf.js' adam", () => tf.train.adam(0.05)],
    ["tf.js' momentum", () => tf.train.momentum(0.05, 0.9)],
  ])('rolls weights and slots back to the last good ones: %s', async (_, make) => {
    const spoilt = spoil([6], 'memory/bias', [0]);
    const options = { action: 'roll-back', keepEvery: 4 } as const;
    const rolled = await run(options, [spoilt], { optimizer: make(), steps: 7 });
    // what step 4 began with
    const wanted = await run({}, [], { optimizer: make(), steps: 4 });
    expect(rolled.warned[0]).toMatch(/back to step 4$/);
    expect(rolled.weights).toEqual(wanted.weights);
    expect(rolled.slots).toEqual(wanted.slots);
    // and it goes on from there
    const on = await run(options, [spoilt], { optimizer: make() });
    expect(on.result.reason).toBe('completed');
    expect(on.weights.every(Number.isFinite)).toBe(true);
  });

  it('names a weight that was bad before, rolls it back, or ends the run', async () => {
    const ruin = definePlugin('ruin', () => ({
      onBatchEnd({ weights, step }) {
        const w = weights['memory/recurrent_kernel']!;
        if (step === 3) w.assign(tf.fill(w.shape, Number.POSITIVE_INFINITY) as typeof w);
      },
    }))({});
    const skipping = await run({}, [ruin]);
    expect(skipping.warned[0]).toMatch(
      /^step 3: weight "memory\/recurrent_kernel": Infinity at \[0, 0\], gate/,
    );
    expect(skipping.result.reason).toBe('stopped');
    const rolling = await run({ action: 'roll-back', keepEvery: 1 }, [ruin]);
    expect(rolling.warned).toEqual([expect.stringMatching(/back to step 2$/)]);
    expect(rolling.result.reason).toBe('completed');
  });

  it('looks at every n-th step, and leaves no tensor behind', async () => {
    const options = { action: 'roll-back', every: 2, keepEvery: 1 } as const;
    const ours = () => run(options, [spoil([4, 5], 'head/bias', [0])]).catch((error: Error) => error);
    await ours();
    const before = tf.memory().numTensors;
    await ours();
    expect(tf.memory().numTensors).toBe(before);
    const { warned } = await run({ every: 2 }, [spoil([4], 'head/bias', [0])]);
    expect(warned).toHaveLength(1);
  });

  it.each([
    [{ action: 'none' as 'skip' }, 'got action "none", wanted "skip", "stop" or "roll-back"'],
    [{ every: 0 }, 'got every 0, wanted a whole number'],
    [{ limit: 1.5 }, 'got limit 1.5'],
  ])('refuses %j', (options, message) => {
    expect(() => nanGuard(options)).toThrow(`GW_NAN_GUARD_OPTIONS: ${message}`);
  });
});
