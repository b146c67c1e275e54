import { additive, gru, lstm, lstmOriginal } from '@gatewise/cells';
import { type AnyCell, cellNames } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type RecurArgs, recur, recurStates } from './index.js';

const [B, T, I, H] = [2, 4, 3, 5];
const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 0.7, 'float32', seed);
beforeAll(() => tf.setBackend('cpu'));

const problem = (cell: AnyCell): RecurArgs => {
  const { gates, input, recurrent } = cellNames(cell);
  return {
    x: normal([B, T, I], 1),
    W: normal([I, input.length * H], 2),
    R: normal([H, recurrent.length * H], 3),
    b: normal([gates.length * H], 4),
  };
};
const largest = (a: tf.Tensor, b: tf.Tensor) => tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!);

const more: Record<string, Partial<RecurArgs>> = {
  'as it is': {},
  'in reverse, of lengths': { reverse: true, lengths: [2, 4], padding: 'hold' },
  'with dropout': { operandDropout: { rate: 0.4, seed: 3, per: 'step' } },
  'with zoneout': { zoneout: { rates: { c: 0.5, h: 0.3 }, seed: 5, training: true } },
  'with zoneout at inference': { zoneout: { rates: { c: 0.5 }, seed: 5, training: false } },
};
describe.each([additive, lstmOriginal, lstm] as AnyCell[])('$name', (cell) => {
  it.each(Object.keys(more))('c at every step is what the sequence cut there ends with, %s', (name) => {
    const args = { ...problem(cell), ...more[name] };
    const { y, final, sequences } = recurStates(cell, args);
    expect(sequences.h).toBe(y);
    if (args.reverse) {
      // the last step of the run is t = 0
      expect(largest(tf.slice(sequences.c!, [0, 0, 0], [B, 1, H]).reshape([B, H]), final.c!)).toBeLessThan(
        1e-6,
      );
      return;
    }
    for (let n = 1; n <= T; n++) {
      const cut = recur(cell, { ...args, x: tf.slice(args.x, [0, 0, 0], [B, n, I]) });
      expect(
        largest(tf.slice(sequences.c!, [0, n - 1, 0], [B, 1, H]).reshape([B, H]), cut.final.c!),
      ).toBeLessThan(1e-6);
    }
  });
});

it('gradients through c at every step', () => {
  const p = problem(lstm);
  const cut = (n: number, W: tf.Tensor) =>
    recur(lstm, { ...p, W, x: tf.slice(p.x, [0, 0, 0], [B, n, I]) }).final.c!;
  const whole = tf.grad((W) => tf.sum(tf.square(recurStates(lstm, { ...p, W }).sequences.c!)))(p.W);
  const parts = tf.grad((W) => tf.addN([1, 2, 3, 4].map((n) => tf.sum(tf.square(cut(n, W))))))(p.W);
  expect(largest(whole, parts)).toBeLessThan(1e-4);
});

it('a cell with one state costs one run, and nothing is left behind', () => {
  const p = problem(gru);
  const q = problem(lstm);
  const before = tf.memory().numTensors;
  const one = recurStates(gru, p);
  expect(one.sequences.h).toBe(one.y);
  const two = recurStates(lstm, { ...q, zoneout: { rates: { c: 0.5 }, seed: 5, training: true } });
  tf.dispose([one.y, one.final, two.y, two.final, two.sequences] as unknown as tf.TensorContainer);
  expect(tf.memory().numTensors).toBe(before);
});
