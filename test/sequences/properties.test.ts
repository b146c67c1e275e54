import { useBackend } from '@gatewise/backends';
import { gru, gruResetAfter, lstm, vanilla } from '@gatewise/cells';
import { type AnyCell, cellNames, foldKey } from '@gatewise/core';
import { registeredCells, runLayer, type Stateful, stack } from '@gatewise/layers';
import { lengthsMask, recur, recurStates } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withNative } from '../engines/with-native.js';

beforeAll(() => useBackend('cpu'));
beforeEach(() => tf.engine().startScope());
afterEach(() => tf.engine().endScope());

const cells = [vanilla, lstm, gru, gruResetAfter] as unknown as AnyCell[];
const runs = { numRuns: 25 };

/** A cell, its sizes, its weights and its input, all of one seed. */
const problems = fc
  .record({
    cell: fc.constantFrom(...cells),
    B: fc.integer({ min: 1, max: 5 }),
    T: fc.integer({ min: 1, max: 7 }),
    I: fc.integer({ min: 1, max: 4 }),
    H: fc.integer({ min: 1, max: 9 }),
    seed: fc.nat(1e6),
    reverse: fc.boolean(),
  })
  .map(({ cell, B, T, I, H, seed, reverse }) => {
    const { gates, input, recurrent, state } = cellNames(cell);
    const normal = (shape: number[], n: number) =>
      tf.randomNormal(shape, 0, 0.7, 'float32', foldKey(seed, n));
    const weights = {
      W: normal([I, input.length * H], 1),
      R: normal([H, recurrent.length * H], 2),
      b: normal([gates.length * H], 3),
    };
    const state0 = Object.fromEntries(state.map((s, k) => [s, normal([B, H], 10 + k)]));
    return { cell, B, T, I, H, seed, reverse, weights, state0, x: normal([B, T, I], 4) };
  });
const lengthsOf = (seed: number, B: number, T: number) =>
  Array.from({ length: B }, (_, b) => foldKey(seed, 77, b) % (T + 1));
const close = (a: tf.Tensor, b: tf.Tensor) =>
  tf.tidy(() => (a.size === 0 ? 0 : tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!)) < 2e-6;
const same = (a: tf.Tensor, b: tf.Tensor) => a.dataSync().every((v, n) => v === b.dataSync()[n]);
/** Every tensor of a trial is disposed of with it. */
const trial =
  <A>(body: (a: A) => boolean) =>
  (a: A) =>
    tf.tidy(() => ({ ok: body(a) }) as unknown as tf.TensorContainer) as unknown as { ok: boolean };
const holds = <A>(arbitrary: fc.Arbitrary<A>, body: (a: A) => boolean) =>
  fc.assert(
    fc.property(arbitrary, (a) => trial(body)(a).ok),
    runs,
  );

function properties(engine: string): void {
  describe(`engine ${engine}`, () => {
    it('split and carry = whole', () => {
      holds(fc.tuple(problems, fc.nat()), ([{ cell, B, T, I, weights, state0, x }, at]) => {
        if (T === 1) return true;
        const n = 1 + (at % (T - 1));
        const whole = recur(cell, { x, ...weights, state0, engine });
        const first = recur(cell, { x: tf.slice(x, [0, 0, 0], [B, n, I]), ...weights, state0, engine });
        const rest = tf.slice(x, [0, n, 0], [B, T - n, I]);
        const second = recur(cell, { x: rest, ...weights, state0: first.final, engine });
        return (
          close(tf.concat([first.y, second.y], 1), whole.y) &&
          cell.state.every((s) => close(second.final[s]!, whole.final[s]!))
        );
      });
    });

    it('permuted batch = permuted output', () => {
      holds(problems, ({ cell, B, T, seed, reverse, weights, state0, x }) => {
        const lengths = lengthsOf(seed, B, T);
        const order = Array.from({ length: B }, (_, b) => (b + 1 + (seed % B)) % B);
        const permute = (t: tf.Tensor) => tf.gather(t, order);
        const a = recur(cell, { x, ...weights, state0, lengths, reverse, engine });
        const b = recur(cell, {
          x: permute(x),
          ...weights,
          state0: Object.fromEntries(Object.entries(state0).map(([s, t]) => [s, permute(t)])),
          lengths: order.map((row) => lengths[row]!),
          reverse,
          engine,
        });
        return close(permute(a.y), b.y) && cell.state.every((s) => close(permute(a.final[s]!), b.final[s]!));
      });
    });

    it('the content of padding is irrelevant, forward and backward', () => {
      const values = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 1e30, -3);
      holds(fc.tuple(problems, values), ([{ cell, B, T, I, seed, reverse, weights, state0, x }, value]) => {
        const lengths = lengthsOf(seed, B, T);
        const real = tf.tile(tf.reshape(lengthsMask(lengths, B, T), [B, T, 1]), [1, 1, I]);
        const other = tf.where(real, x, tf.fill([B, T, I], value));
        const loss = (v: tf.Tensor, W: tf.Tensor, R: tf.Tensor, b: tf.Tensor) =>
          tf.sum(tf.square(recur(cell, { x: v, W, R, b, state0, lengths, reverse, engine }).y)) as tf.Scalar;
        const { W, R, b } = weights;
        const one = tf.valueAndGrads(loss)([x, W, R, b]);
        const two = tf.valueAndGrads(loss)([other, W, R, b]);
        const dx = one.grads[0]!;
        return (
          same(one.value, two.value) &&
          one.grads.every((g, k) => same(g, two.grads[k]!)) &&
          same(tf.where(real, tf.zerosLike(dx), dx), tf.zerosLike(dx))
        );
      });
    });

    it('every state at every step is what the sequence cut there ends with', () => {
      holds(fc.tuple(problems, fc.nat()), ([{ cell, B, T, I, H, weights, state0, x }, at]) => {
        const n = 1 + (at % T);
        const { sequences } = recurStates(cell, { x, ...weights, state0, engine });
        const cut = recur(cell, { x: tf.slice(x, [0, 0, 0], [B, n, I]), ...weights, state0, engine });
        const then = (t: tf.Tensor) => tf.reshape(tf.slice(t, [0, n - 1, 0], [B, 1, H]), [B, H]);
        return cell.state.every((s) => close(then(sequences[s]!), cut.final[s]!));
      });
    });

    it('all held = identity', () => {
      holds(problems, ({ cell, B, T, H, weights, state0, x, reverse }) => {
        const masks = Object.fromEntries(cell.state.map((s) => [s, tf.ones([B, T, H], 'bool')]));
        const held = recur(cell, { x, ...weights, state0, zoneout: { masks }, reverse, engine });
        const none = recur(cell, { x, ...weights, state0, lengths: Array(B).fill(0), reverse, engine });
        return cell.state.every((s) => same(held.final[s]!, state0[s]!) && same(none.final[s]!, state0[s]!));
      });
    });

    it('same seed, same masks; and those of the engine ops', () => {
      holds(problems, ({ cell, weights, state0, x, seed, reverse }) => {
        const drawn = (key: number, on: string) =>
          recur(cell, {
            x,
            ...weights,
            state0,
            reverse,
            operandDropout: { rate: 0.4, seed: key, per: 'step' },
            zoneout: {
              rates: Object.fromEntries(cell.state.map((s) => [s, 0.3])),
              seed: key + 1,
              training: true,
            },
            engine: on,
          }).y;
        const one = drawn(seed, engine);
        return same(one, drawn(seed, engine)) && close(one, drawn(seed, 'ops'));
      });
    });
  });
}
properties('ops');
withNative(() => properties('native'));

describe('layers', () => {
  const tower: fc.Arbitrary<{ layer: Stateful; seed: number; T: number }> = fc
    .record({
      cells: fc.array(fc.constantFrom(...registeredCells()), { minLength: 1, maxLength: 3 }),
      units: fc.integer({ min: 1, max: 5 }),
      seed: fc.nat(1000),
      T: fc.integer({ min: 2, max: 6 }),
      residual: fc.boolean(),
    })
    .map(({ cells: names, units, seed, T, residual }) => ({
      layer: stack({ levels: names.map((cell) => ({ cell, units, seed })), residual }),
      seed,
      T,
    }));
  it('a stack of any cells: split and carry = whole', () => {
    holds(fc.tuple(tower, fc.nat()), ([{ layer, seed, T }, at]) => {
      const n = 1 + (at % (T - 1));
      const x = tf.randomNormal([2, T, 3], 0, 1, 'float32', seed);
      const whole = runLayer(layer, x);
      const first = runLayer(layer, tf.slice(x, [0, 0, 0], [2, n, 3]));
      const second = runLayer(layer, tf.slice(x, [0, n, 0], [2, T - n, 3]), first.state);
      const ok = close(tf.concat([first.y, second.y], 1), whole.y);
      for (const { state } of [whole, first, second]) state.dispose();
      layer.dispose();
      return ok;
    });
  });
});
it('a property that is false is found false', () => {
  expect(() => holds(problems, ({ T }) => T < 5)).toThrow(/Property failed/);
});
