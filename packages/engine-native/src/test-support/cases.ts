import type { AnyCell, Random } from '@gatewise/core';
import type { RecurArgs } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs';
import { normal, type Options, type Sizes } from './run-case.js';

const mask = (r: Random, [B, T]: Sizes) =>
  tf.tensor2d(
    Int32Array.from({ length: B * T }, () => (r.uniform() < 0.7 ? 1 : 0)),
    [B, T],
    'int32',
  );
const states = (r: Random, [B, , , H]: Sizes, cell: AnyCell) =>
  Object.fromEntries(cell.state.map((name) => [name, normal(r, [B, H])]));
const rates = (cell: AnyCell) => Object.fromEntries(cell.state.map((name, k) => [name, k === 0 ? 0.3 : 0.5]));
const flags = (r: Random, shape: number[]) =>
  tf.tensor(
    Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => (r.uniform() < 0.4 ? 1 : 0)),
    shape,
    'bool',
  );

/** NaN under the mask: it must reach nothing. */
function dirty(r: Random, sizes: Sizes): Partial<RecurArgs> {
  const [B, T, I] = sizes;
  const m = mask(r, sizes);
  const real = tf.reshape(tf.cast(m, 'bool'), [B, T, 1]);
  return { mask: m, x: tf.where(real, normal(r, [B, T, I]), tf.fill([B, T, I], Number.NaN)) };
}

export const cases: Record<string, Options> = {
  plain: () => ({}),
  ids: (r, [B, T, I]) => ({
    x: tf.tensor2d(
      Int32Array.from({ length: B * T }, () => r.int(I)),
      [B, T],
      'int32',
    ),
  }),
  'ids, masked': (r, [B, T, I]) => {
    const m = mask(r, [B, T, I, 1]);
    const real = m.dataSync();
    const ids = Int32Array.from({ length: B * T }, (_, k) => (real[k] ? r.int(I) : -5));
    return { mask: m, x: tf.tensor2d(ids, [B, T], 'int32') };
  },
  'mask, zeros': (r, s) => ({ mask: mask(r, s) }),
  'mask, hold, reverse, states': (r, s, cell) => ({
    mask: mask(r, s),
    padding: 'hold',
    reverse: true,
    state0: states(r, s, cell),
  }),
  'mask over NaN': dirty,
  reverse: () => ({ reverse: true }),
  states: (r, s, cell) => ({ state0: states(r, s, cell) }),
  probe: (_, [B, T, , H], cell) => ({ probe: tf.zeros([B, T, cell.state.length * H]) }),
  'zoneout drawn': (_, __, cell) => ({ zoneout: { rates: rates(cell), seed: 3, training: true } }),
  'zoneout expected': (_, __, cell) => ({ zoneout: { rates: rates(cell), seed: 3, training: false } }),
  'zoneout on the last state alone': (_, __, cell) => ({
    zoneout: { rates: { [cell.state.at(-1)!]: 0.5 }, seed: 9, training: true },
  }),
  'zoneout masks': (r, [B, T, , H], cell) => ({
    zoneout: { masks: { [cell.state[0]!]: flags(r, [B, T, H]) } },
  }),
  'dropout, sequence': () => ({ operandDropout: { rate: 0.4, seed: 5 } }),
  'dropout, step': () => ({ operandDropout: { rate: 0.4, seed: 5, per: 'step' } }),
  'dropout masks': (r, [B, T, , H]) => ({ operandDropout: { mask: normal(r, [B, T, H], 1) } }),
  'dropout mask a sequence': (r, [B, , , H]) => ({ operandDropout: { mask: normal(r, [B, H], 1) } }),
  everything: (r, s, cell) => ({
    ...dirty(r, s),
    reverse: true,
    state0: states(r, s, cell),
    probe: tf.zeros([s[0], s[1], cell.state.length * s[3]]),
    zoneout: { rates: rates(cell), seed: 3, training: true },
    operandDropout: { rate: 0.4, seed: 5, per: 'step' },
  }),
};
