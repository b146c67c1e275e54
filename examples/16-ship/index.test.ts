import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { firstOf, trained, tutorial } from './index.js';
import { reader } from './writer.js';

it('trains, packs and bundles, the same again, and leaks nothing', async () => {
  const first = await tutorial.run('short');
  const before = tf.memory().numTensors;
  expect(await tutorial.run('short')).toEqual(first);
  expect(tf.memory().numTensors).toBe(before);
  const [f32, f16, int8] = first.models;
  expect(f16!.bytes).toBeLessThan(0.7 * f32!.bytes);
  expect(int8!.bytes).toBeLessThan(f16!.bytes);
  for (const { bits } of [f16!, int8!]) expect(Math.abs(bits - f32!.bits)).toBeLessThan(0.01);
  expect(first.script.tensorflow + first.script.gatewise).toBeGreaterThan(0.8 * first.script.bytes);
  expect(first.sample).toMatch(/^The whale .{20}$/s);
});

it('reads a text step by step as the model reads it whole', async () => {
  const { model, symbols, heldOut } = await trained('short');
  const ids = heldOut.subarray(0, 30);
  const whole = tf.tidy(() => (model.predict(tf.tensor2d(ids, [1, 30], 'int32')) as tf.Tensor).dataSync());
  const { read, dispose } = reader(model);
  const before = tf.memory().numTensors;
  const steps: number[] = [];
  for (const id of ids) steps.push(...(await read(id)));
  expect(tf.memory().numTensors).toBe(before + 1); // the state
  dispose();
  expect(tf.memory().numTensors).toBe(before);
  steps.forEach((z, i) => {
    expect(Math.abs(z - whole[i]!)).toBeLessThan(1e-5);
  });
  expect(await firstOf(model, symbols, 30)).toBe(await firstOf(model, symbols, 30));
  model.dispose();
});
