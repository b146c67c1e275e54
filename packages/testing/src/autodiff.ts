import { type AnyCell, cellNames } from '@gatewise/core';
import { type RecurArgs, TensorValue } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import type { Forward } from './run-case.js';

type Values = Record<string, TensorValue>;

/**
 * The same equations as the op, composed of tf.js ops step by step and left to tf.js' own autodiff: initial states,
 * masks, both directions and both paddings. No dropout, zoneout, ids or probe.
 */
export function autodiffForward(cell: AnyCell): Forward {
  const { state, gates, input, recurrent, vectors, feeds } = cellNames(cell);
  return (args) => {
    const [B, T] = args.x.shape as [number, number];
    const H = args.b.size / gates.length;
    const W = blocks(args.W, input);
    const R = args.R ? blocks(args.R, recurrent) : {};
    const b = blocks(tf.reshape(args.b, [1, -1]), gates);
    // a_g = x_t W_g + v R_g + b_g
    const gate = (g: string, x: tf.Tensor, v: tf.Tensor) => {
      const terms = [tf.tile(b[g]!, [B, 1])];
      if (W[g]) terms.push(tf.matMul(x as tf.Tensor2D, W[g] as tf.Tensor2D));
      if (R[g]) terms.push(tf.matMul(v as tf.Tensor2D, R[g] as tf.Tensor2D));
      return new TensorValue(tf.addN(terms));
    };
    const w: Values = named(vectors, (k) => new TensorValue(args.vectors![k]!));
    const step = (x: tf.Tensor, s: Values): Values => {
      const h = s[state[0]!]!;
      const a = named(
        gates.filter((g) => !feeds.includes(g)),
        (g) => gate(g, x, h.t),
      );
      const u = cell.operand?.forward<TensorValue>(a, s);
      for (const g of feeds) a[g] = gate(g, x, u!.t);
      return cell.forward<TensorValue>(a, s, w).next as Values;
    };
    const { y, final } = loop(args, [B, T, H], state, step);
    // what a cell never reads has the gradient 0 and not none
    const read = [
      args.x,
      args.W,
      args.b,
      ...(args.R ? [args.R] : []),
      ...Object.values({ ...args.vectors, ...args.state0 }),
    ];
    const nothing = tf.mul(tf.addN(read.map((t) => tf.sum(t))), 0);
    return { y: tf.add(y, nothing), final };
  };
}

function loop(
  { x, mask, reverse, padding, state0 }: RecurArgs,
  [B, T, H]: [number, number, number],
  state: readonly string[],
  step: (x: tf.Tensor, s: Values) => Values,
): ReturnType<Forward> {
  const zeros = tf.zeros([B, H]);
  const I = x.shape[2]!;
  const real = mask && tf.unstack(tf.tile(tf.reshape(tf.cast(mask, 'bool'), [B, T, 1]), [1, 1, H]), 1);
  const ys: tf.Tensor[] = [];
  let s = named(state, (k) => new TensorValue(state0?.[k] ?? zeros));
  for (let n = 0; n < T; n++) {
    const t = reverse ? T - 1 - n : n;
    const next = step(tf.reshape(tf.slice(x, [0, t, 0], [B, 1, I]), [B, I]), s);
    const before = s;
    s = named(state, (k) =>
      real ? new TensorValue(tf.where(real[t]!, next[k]!.t, before[k]!.t)) : next[k]!,
    );
    const h = s[state[0]!]!.t;
    ys[t] = real && padding !== 'hold' ? tf.where(real[t]!, h, zeros) : h;
  }
  // a state that no step wrote may be an input itself: tf.clone keeps it an output of the tape
  return { y: tf.stack(ys, 1), final: named(state, (k) => tf.clone(s[k]!.t)) };
}

const named = <V>(names: readonly string[], f: (name: string) => V): Record<string, V> =>
  Object.fromEntries(names.map((name) => [name, f(name)]));

/** Columns [N, names·H] cut into one [N,H] a name. tf.js' gradients of a split or unstack into one part throw. */
function blocks(matrix: tf.Tensor, names: readonly string[]): Record<string, tf.Tensor> {
  const parts = names.length === 1 ? [matrix] : tf.split(matrix, names.length, 1);
  return Object.fromEntries(names.map((name, i) => [name, parts[i]!]));
}
