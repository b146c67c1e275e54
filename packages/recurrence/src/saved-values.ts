import type { AnyCell } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { makeStep } from './ops-forward.js';
import { makeRequest, type RecurArgs } from './request.js';

/**
 * What a cell saves of every step, [B·T,H] each by name (gates after their activations), from the states before each step:
 * all steps at once, as one step of B·T rows. Without dropout on the operand. Inside a tidy; no gradient flows.
 */
export function savedAtEveryStep(
  cell: AnyCell,
  { x, W, R, b, vectors }: RecurArgs,
  before: Readonly<Record<string, tf.Tensor>>, // [B,T,H] each
): Record<string, tf.Tensor> {
  const [B, T, ...rest] = x.shape as [number, number, ...number[]];
  const state0 = Object.fromEntries(
    Object.entries(before).map(([name, s]) => [name, tf.reshape(s, [B * T, s.shape[2]!])]),
  );
  const weights = { W, ...(R ? { R } : {}), b, ...(vectors ? { vectors } : {}) };
  const args = { x: tf.reshape(x, [B * T, 1, ...rest]), ...weights, state0 };
  const { request, tensors } = makeRequest(cell, args, false);
  const { saved } = makeStep({ ...request, dx: 'never' }, tensors)(
    0,
    cell.state.map((name) => state0[name]!),
  );
  return Object.fromEntries(cell.saved.map((name, k) => [name, saved(k)]));
}
