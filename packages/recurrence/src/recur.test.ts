import { gru, gruResetAfter, lstm, vanilla } from '@gatewise/cells';
import { type AnyCell, cellNames, foldKey } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { type RecurArgs, recur, withRun } from './index.js';

const [B, T, I, H] = [3, 5, 4, 6];
const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 0.5, 'float32', seed);

function parameters(cell: AnyCell) {
  const { gates, input, recurrent } = cellNames(cell);
  return {
    W: tf.variable(normal([I, input.length * H], 2)),
    R: tf.variable(normal([H, recurrent.length * H], 3)),
    b: tf.variable(normal([gates.length * H], 4)),
  };
}
const values = (t: tf.Tensor) => Array.from(t.dataSync());
const largest = (a: tf.Tensor, b: tf.Tensor) => tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!);
const code = (f: () => unknown): string => {
  try {
    f();
  } catch (e) {
    return (e as { code?: string }).code ?? String(e);
  }
  return 'no error';
};

beforeAll(() => tf.setBackend('cpu'));

describe('recur', () => {
  it('ids are the rows of a one-hot product, forward and backward', () => {
    const p = parameters(lstm);
    const ids = tf.tensor2d(
      [
        [0, 1, 2, 3, 3],
        [3, 3, 1, 0, 2],
        [1, 1, 1, 1, 1],
      ],
      [B, T],
      'int32',
    );
    const hot = tf.oneHot(ids, I) as tf.Tensor3D;
    const loss = (x: tf.Tensor) => () => tf.sum(tf.square(recur(lstm, { x, ...p }).y)) as tf.Scalar;
    const a = tf.variableGrads(loss(ids), [p.W, p.R, p.b]);
    const b = tf.variableGrads(loss(tf.cast(hot, 'float32')), [p.W, p.R, p.b]);
    for (const v of [p.W, p.R, p.b]) expect(largest(a.grads[v.name]!, b.grads[v.name]!)).toBeLessThan(1e-5);
  });

  it('runs in reverse as on flipped time', () => {
    const p = parameters(gru);
    const x = normal([B, T, I], 1);
    const back = recur(gru, { x, ...p, reverse: true });
    const flipped = recur(gru, { x: tf.reverse(x, 1), ...p });
    expect(largest(back.y, tf.reverse(flipped.y, 1))).toBe(0);
    expect(largest(back.final.h!, flipped.final.h!)).toBe(0);
  });

  it('holds the state at masked steps, whatever lies there, and sends no gradient into them', () => {
    const p = parameters(gruResetAfter);
    const clean = tf.tidy(() => normal([B, T, I], 1));
    const mask = tf.tensor2d(
      [
        [1, 1, 1, 1, 1],
        [1, 1, 0, 0, 0],
        [0, 0, 0, 0, 0],
      ],
      [B, T],
      'int32',
    );
    const dirty = tf.where(
      tf.reshape(tf.cast(mask, 'bool'), [B, T, 1]),
      clean,
      tf.fill([B, T, I], Number.NaN),
    );
    const h0 = normal([B, H], 8);
    const run = (x: tf.Tensor, padding: 'zeros' | 'hold') =>
      recur(gruResetAfter, { x, ...p, mask, padding, state0: { h: h0 } });
    const zeros = run(dirty, 'zeros');
    const hold = run(dirty, 'hold');
    const short = recur(gruResetAfter, {
      x: tf.slice(clean, [1, 0, 0], [1, 2, I]),
      ...p,
      state0: { h: tf.slice(h0, [1, 0], [1, H]) },
    });
    expect(
      values(tf.slice(zeros.y, [1, 2, 0], [2, 3, H]))
        .slice(0, 3 * H)
        .every((v) => v === 0),
    ).toBe(true);
    expect(
      largest(tf.slice(hold.y, [1, 4, 0], [1, 1, H]), tf.reshape(short.final.h!, [1, 1, H])),
    ).toBeLessThan(1e-6);
    expect(largest(tf.slice(zeros.final.h!, [2, 0], [1, H]), tf.slice(h0, [2, 0], [1, H]))).toBe(0);
    const dx = tf.grad((x) => tf.sum(tf.square(run(x, 'hold').y)))(dirty);
    expect(
      values(tf.slice(dx, [1, 2, 0], [2, 3, I]))
        .slice(0, 3 * I)
        .every((v) => v === 0),
    ).toBe(true);
    expect(values(dx).every(Number.isFinite)).toBe(true);
  });

  it('a padded reverse run starts at each row’s own last step', () => {
    const p = parameters(vanilla);
    const x = normal([1, T, I], 1);
    const mask = tf.tensor2d([[1, 1, 1, 0, 0]], [1, T], 'bool');
    const padded = recur(vanilla, { x, ...p, mask, reverse: true });
    const own = recur(vanilla, { x: tf.slice(x, [0, 0, 0], [1, 3, I]), ...p, reverse: true });
    expect(largest(tf.slice(padded.y, [0, 0, 0], [1, 3, H]), own.y)).toBe(0);
  });

  it('keeps nothing for backward when nobody asks for gradients, and leaks nothing either way', () => {
    const p = parameters(lstm);
    const x = normal([B, T, I], 1);
    const before = tf.memory().numTensors;
    const { y, final } = recur(lstm, { x, ...p });
    expect(tf.memory().numTensors).toBe(before + 3);
    tf.dispose([y, final]);
    for (let step = 0; step < 3; step++) {
      const { value, grads } = tf.variableGrads(
        () => tf.sum(recur(lstm, { x, ...p }).y) as tf.Scalar,
        Object.values(p),
      );
      tf.dispose([value, grads]);
      // a loss that does not read the op: the tape prunes it
      const other = tf.variableGrads(() => {
        recur(lstm, { x, ...p });
        return tf.sum(p.b) as tf.Scalar;
      }, [p.b]);
      tf.dispose([other.value, other.grads]);
      expect(tf.memory().numTensors).toBe(before);
    }
  });

  it('the gradient of a probe is δs_t at every step, and the run slot hears of it', () => {
    const p = parameters(lstm);
    const x = normal([B, T, I], 1);
    const probe = tf.variable(tf.zeros([B, T, 2 * H]));
    const heard: number[][] = [];
    const run = {
      seed: 1,
      step: 0,
      training: true,
      regularisers: () => ({}),
      onStateGradients: (layer: string, d: tf.Tensor, states: readonly string[]) => {
        expect([layer, ...states]).toEqual(['mine', 'h', 'c']);
        heard.push(values(d));
      },
    };
    const loss = (args: Partial<RecurArgs>) => () =>
      tf.sum(recur(lstm, { x, ...p, layer: 'mine', ...args }).final.h!) as tf.Scalar;
    const { grads } = tf.variableGrads(loss({ probe }), [probe]);
    withRun(run, () => tf.variableGrads(loss({}), Object.values(p)));
    expect(heard).toEqual([values(grads[probe.name]!)]);
    // δh_T of the loss Σ h_T is 1
    expect(values(tf.slice(grads[probe.name]!, [0, T - 1, 0], [B, 1, H])).every((v) => v === 1)).toBe(true);
  });

  it('zoneout and operand dropout are drawn from their seed, and equal explicit masks', () => {
    const p = parameters(lstm);
    const x = normal([B, T, I], 1);
    const run = (args: Partial<RecurArgs>) => values(recur(lstm, { x, ...p, ...args }).y);
    const zoneout = (seed: number) => run({ zoneout: { rates: { h: 0.3, c: 0.5 }, seed, training: true } });
    expect(zoneout(1)).toEqual(zoneout(1));
    expect(zoneout(1)).not.toEqual(zoneout(2));
    expect(run({ zoneout: { rates: { h: 0, c: 0 }, seed: 1, training: true } })).toEqual(run({}));
    const drop = (seed: number) => run({ operandDropout: { rate: 0.5, seed: foldKey(seed) } });
    expect(drop(1)).toEqual(drop(1));
    expect(drop(1)).not.toEqual(drop(2));
    const all = { h: tf.ones([B, T, H]), c: tf.ones([B, T, H]) };
    expect(run({ zoneout: { masks: all } }).every((v) => v === 0)).toBe(true);
    const half = run({ operandDropout: { mask: tf.fill([B, H], 0.5) } });
    const scaled = values(recur(lstm, { x, ...p, R: tf.mul(p.R, 0.5) }).y);
    half.forEach((v, k) => {
      expect(v).toBeCloseTo(scaled[k]!, 6);
    });
  });

  it('refuses second derivatives', () => {
    const p = parameters(vanilla);
    const x = normal([B, T, I], 1);
    const first = (v: tf.Tensor) => tf.grad((u) => tf.sum(recur(vanilla, { x: u, ...p }).y))(v);
    expect(code(() => tf.grad((v) => tf.sum(tf.square(first(v))))(x))).toBe('GW_GRAD_SECOND_ORDER');
  });

  it('says what is wrong with its arguments', () => {
    const p = parameters(lstm);
    const x = normal([B, T, I], 1);
    const gone = normal([B, T, I], 1);
    gone.dispose();
    const wrong: [string, Partial<RecurArgs>][] = [
      ['GW_OP_RANK', { x: normal([B, I], 1) }],
      ['GW_OP_SHAPE', { x: normal([B, T, I + 1], 1) }],
      ['GW_OP_EMPTY', { x: tf.zeros([B, 0, I]) }],
      ['GW_OP_EMPTY', { x: tf.zeros([0, T, I]) }],
      ['GW_OP_DISPOSED', { x: gone }],
      ['GW_OP_UNITS', { b: tf.zeros([4 * H + 1]) }],
      ['GW_OP_SHAPE', { R: tf.zeros([H, 3 * H]) }],
      ['GW_OP_SHAPE', { state0: { h: tf.zeros([B + 1, H]) } }],
      ['GW_OP_NAME', { state0: { q: tf.zeros([B, H]) } }],
      ['GW_OP_NAME', { vectors: { p: tf.zeros([H]) } }],
      ['GW_OP_SHAPE', { mask: tf.ones([B, T + 1]) }],
      ['GW_OP_RATE', { operandDropout: { rate: 1, seed: 1 } }],
      ['GW_OP_RATE', { zoneout: { rates: { c: Number.NaN }, seed: 1, training: true } }],
      ['GW_ENGINE_UNKNOWN', { engine: 'steam' }],
    ];
    for (const [wanted, args] of wrong) expect(code(() => recur(lstm, { x, ...p, ...args }))).toBe(wanted);
    expect(() => recur(lstm, { x: normal([B, T, 9], 1), ...p })).toThrow(
      /got x of shape \[3,5,9\], wanted \[3,5,4\]/,
    );
  });
});
