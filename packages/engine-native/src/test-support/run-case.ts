import { type AnyCell, cellNames, type Random, random } from '@gatewise/core';
import { type RecurArgs, recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs';

export type Sizes = readonly [B: number, T: number, I: number, H: number];

export function normal(r: Random, shape: number[], scale = 0.5): tf.Tensor {
  const n = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Float32Array.from({ length: n }, () => r.normal() * scale),
    shape,
  );
}

/** Values of y, the final states and every gradient, by name. */
export type Results = Record<string, Float32Array>;
export type Options = (r: Random, sizes: Sizes, cell: AnyCell) => Partial<RecurArgs>;

/** Runs a case through one engine; the weights of the loss are random, so that every output counts differently. */
export function run(
  cell: AnyCell,
  sizes: Sizes,
  options: Options,
  engine: string,
  kind: 'variable' | 'plain',
): Results {
  const [B, T, I, H] = sizes;
  const { gates, input, recurrent, vectors, state } = cellNames(cell);
  return tf.tidy(() => {
    const r = random(7);
    const scale = 1 / Math.sqrt(H);
    const leaves: Record<string, tf.Tensor> = {
      W: normal(r, [I, input.length * H]),
      b: normal(r, [gates.length * H]),
      x: normal(r, [B, T, I]),
    };
    if (recurrent.length > 0) leaves.R = normal(r, [H, recurrent.length * H], scale);
    for (const name of vectors) leaves[`vector ${name}`] = normal(r, [H]);
    const given = options(r, sizes, cell);
    for (const [name, t] of Object.entries(given.state0 ?? {})) leaves[`state ${name}`] = t;
    if (given.probe) leaves.probe = given.probe;
    if (given.x) delete leaves.x;
    const out: Results = {};
    const weigh = [normal(r, [B, T, H]), ...state.map(() => normal(r, [B, H]))];
    const outputs = (suffix: string, values: readonly tf.Tensor[]) => {
      const of = Object.fromEntries(Object.keys(leaves).map((name, k) => [name, values[k]!]));
      const pick = (prefix: string) =>
        Object.fromEntries(
          Object.entries(of)
            .filter(([name]) => name.startsWith(prefix))
            .map(([name, t]) => [name.slice(prefix.length), t]),
        );
      const { y, final } = recur(cell, {
        ...given,
        x: given.x ?? of.x!,
        W: of.W!,
        b: of.b!,
        ...(of.R ? { R: of.R } : {}),
        ...(of.probe ? { probe: of.probe } : {}),
        vectors: pick('vector '),
        state0: pick('state '),
        engine,
      });
      const all = [y, ...state.map((name) => final[name]!)];
      all.forEach((t, k) => {
        out[(k === 0 ? 'y' : `final ${state[k - 1]}`) + suffix] = t.dataSync().slice() as Float32Array;
      });
      return all;
    };
    const loss = (...values: tf.Tensor[]) => {
      const all = outputs('', values);
      return tf.addN(all.map((t, k) => tf.sum(tf.mul(t, weigh[k]!)))) as tf.Scalar;
    };
    outputs(' in inference', Object.values(leaves));
    const names = Object.keys(leaves);
    if (kind === 'variable') {
      const variables = names.map((name) => tf.variable(leaves[name]!));
      const { grads } = tf.variableGrads(() => loss(...variables), variables);
      names.forEach((name, k) => {
        out[`d${name}`] = grads[variables[k]!.name]!.dataSync().slice() as Float32Array;
      });
      tf.dispose(variables);
    } else {
      const grads = tf.grads(loss)(Object.values(leaves));
      names.forEach((name, k) => {
        out[`d${name}`] = grads[k]!.dataSync().slice() as Float32Array;
      });
    }
    return out;
  });
}

/** The largest difference, as a part of the largest value. */
export function distance(a: Float32Array, b: Float32Array): number {
  let off = 0;
  let top = 1e-3;
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i]! - b[i]!);
    off = Math.max(off, d); // a NaN on one side stays visible
    top = Math.max(top, Math.abs(b[i]!));
  }
  return off / top;
}
