import { gru, lstm } from '@gatewise/cells';
import { type AnyCell, cellNames } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Memory, type RecurArgs, recur, recurStates } from './index.js';

beforeAll(() => tf.setBackend('cpu'));
beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

const [B, T, I, H] = [2, 17, 3, 4];
const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 0.7, 'float32', seed);
const problem = (cell: AnyCell) => {
  const { gates, input, recurrent } = cellNames(cell);
  return {
    x: normal([B, T, I], 1),
    W: normal([I, input.length * H], 2),
    R: normal([H, recurrent.length * H], 3),
    b: normal([gates.length * H], 4),
  };
};
const largest = (a: tf.Tensor, b: tf.Tensor) => tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!);

describe.each([lstm, gru] as unknown as AnyCell[])('$name', (cell) => {
  const more: Partial<RecurArgs> = {
    reverse: true,
    lengths: [17, 6],
    operandDropout: { rate: 0.3, seed: 5 },
    zoneout: { rates: { h: 0.2 }, seed: 9, training: true },
  };
  const run = (memory: Memory, args: Partial<RecurArgs>, source?: (x: tf.Tensor) => tf.Tensor) => {
    const { x, W, R, b } = problem(cell);
    return tf.valueAndGrads((x: tf.Tensor, W: tf.Tensor, R: tf.Tensor, b: tf.Tensor) => {
      const { y, final } = recur(cell, { x: source?.(x) ?? x, W, R, b, memory, ...args });
      return tf.add(tf.sum(tf.square(y)), tf.sum(final[cell.state.at(-1)!]!)) as tf.Scalar;
    })([x, W, R, b]);
  };
  it.each<Memory>(['states', 1, 4, 16, 17, 99])('memory %s: the same value, the same gradients', (memory) => {
    for (const args of [{}, more]) {
      const [all, some] = [run('all', args), run(memory, args)];
      expect(largest(all.value, some.value)).toBe(0);
      all.grads.forEach((g, k) => {
        expect(largest(g, some.grads[k]!) / tf.max(tf.abs(g)).dataSync()[0]!).toBeLessThan(1e-6);
      });
      // of x it is the same to the bit: no sum is cut
      expect(largest(all.grads[0]!, some.grads[0]!)).toBe(0);
    }
  });

  it('also where x comes from an op, so that dX is surely wanted', () => {
    const [all, some] = [run('all', {}, tf.tanh), run(5, {}, tf.tanh)];
    expect(largest(all.grads[0]!, some.grads[0]!)).toBe(0);
  });

  it('all states at every step', () => {
    const loss = (memory: Memory) => (x: tf.Tensor) => {
      const { sequences } = recurStates(cell, { ...problem(cell), x, memory });
      return tf.addN(cell.state.map((s) => tf.sum(tf.square(sequences[s]!)))) as tf.Scalar;
    };
    const x = normal([B, T, I], 1);
    expect(largest(tf.grad(loss('all'))(x), tf.grad(loss('states'))(x))).toBeLessThan(1e-6);
  });
});

it('the tape holds the states of some steps instead of all gates, and nothing leaks', () => {
  const long = 400;
  const { W, R, b } = problem(lstm);
  const x = normal([B, long, I], 1);
  const before = tf.memory();
  const kept = (memory: Memory) => {
    let bytes = 0;
    const { value, grads } = tf.variableGrads(() => {
      const start = tf.memory().numBytes;
      const { y } = recur(lstm, { x, W, R, b: variable, memory });
      bytes = tf.memory().numBytes - start;
      return tf.sum(y) as tf.Scalar;
    }, [variable]);
    tf.dispose([value, grads]);
    return bytes;
  };
  const variable = tf.variable(b);
  const y = 4 * B * long * H;
  // tf.js counts what its tape saved twice: five gates and two states a step, beside y
  expect(kept('all')).toBeGreaterThan(2 * 7 * y);
  // y twice, x once, and h and c of 7 steps
  expect(kept('states')).toBeLessThan(3.2 * y);
  variable.dispose();
  expect(tf.memory().numTensors).toBe(before.numTensors);
});

it.each([0, -1, 1.5, 'some'])('memory %s is refused', (memory) => {
  expect(() => recur(lstm, { ...problem(lstm), memory: memory as Memory })).toThrow(/GW_OP_MEMORY/);
});
