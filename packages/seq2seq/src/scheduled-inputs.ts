import { foldKey, foldOne, hashText } from '@gatewise/core';
import { currentRun, withRun } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import type { Encoded, Seq2Seq } from './model.js';

/** Where the decoder reads its own symbols. */
interface Plan {
  readonly own: Uint8Array; // [B,T], 1 where its own
  /** Steps with any, in order. */
  readonly steps: readonly number[];
}

/**
 * What the decoder reads in scheduled sampling: each symbol is the true one with probability ε, else one that the model drew
 * itself (Bengio et al., 2015). Only steps that ask for a symbol of its own end a fused stretch; the model draws as at
 * inference, without dropout, and no gradient goes through what it drew. Inside a tidy.
 *
 * @returns int32 [B,T]; `truth` itself where no step asks
 */
export function scheduledInputs(
  model: Seq2Seq,
  truth: tf.Tensor2D, // int32 [B,T]
  encoded: Encoded,
  { ε, key, lengths }: { readonly ε: number; readonly key: number; readonly lengths: readonly number[] },
): tf.Tensor2D {
  const plan = planOf(truth.shape, ε, foldKey(key, 1), lengths);
  if (plan.steps.length === 0) return truth;
  const draw = () => drawInputs(model, truth, encoded, plan, foldKey(key, 2));
  const run = currentRun();
  const inference = { seed: key, step: run?.step ?? 0, training: false, regularisers: () => ({}) };
  return withoutTape(truth, () => withRun(inference, draw));
}

function planOf([B, T]: readonly [number, number], ε: number, key: number, lengths: readonly number[]): Plan {
  const own = new Uint8Array(B * T);
  const steps: number[] = [];
  // step 0 reads the start symbol; what stands behind a row's length counts nowhere
  for (let t = 1; t < T; t++) {
    for (let b = 0; b < B; b++) own[b * T + t] = Number(t < lengths[b]! && uniform(key, t, b) >= ε);
    if (lengths.some((_, b) => own[b * T + t] === 1)) steps.push(t);
  }
  return { own, steps };
}

function drawInputs(
  model: Seq2Seq,
  truth: tf.Tensor2D,
  encoded: Encoded,
  { own, steps }: Plan,
  key: number,
): tf.Tensor2D {
  const [B, T] = truth.shape;
  const asked = tf.tensor2d(own, [B, T], 'bool');
  let { states } = encoded;
  let next = tf.slice(truth, [0, 0], [B, 1]); // [B,1]
  const parts: tf.Tensor2D[] = [];
  for (const [n, t] of steps.entries()) {
    const from = n === 0 ? 0 : steps[n - 1]!;
    // a stretch up to step t − 1: one symbol that was chosen, then true ones
    const stretch = tf.concat([next, tf.slice(truth, [0, from + 1], [B, t - from - 1])], 1);
    parts.push(stretch);
    const ran = model.config.decoder.sequence(model.embed(stretch), states);
    states = ran.finals;
    const last = tf.slice(ran.y[0]!, [0, t - from - 1, 0], [B, 1, -1]) as tf.Tensor3D;
    const drawn = drawOnDevice(model.write(last, encoded.memory).logits, foldKey(key, t));
    next = tf.where(tf.slice(asked, [0, t], [B, 1]), drawn, tf.slice(truth, [0, t], [B, 1])) as tf.Tensor2D;
  }
  const last = steps.at(-1)!;
  return tf.concat([...parts, next, tf.slice(truth, [0, last + 1], [B, T - last - 1])], 1);
}

/** argmax_v (z_v + g_v) is drawn from softmax(z), for g = −ln(−ln u) (Gumbel, 1954): nothing is read to the host. [B,1] */
function drawOnDevice(z: tf.Tensor3D, key: number): tf.Tensor2D {
  const [B, , V] = z.shape; // [B,1,V]
  const g = new Float32Array(B * V);
  for (let b = 0; b < B; b++) {
    const k = foldOne(key, b);
    for (let v = 0; v < V; v++) g[b * V + v] = -Math.log(-Math.log((foldOne(k, v) + 0.5) / 0x100000000));
  }
  return tf.cast(tf.argMax(tf.add(z, tf.tensor3d(g, [B, 1, V])), 2), 'int32') as tf.Tensor2D;
}

/** In [0, 1). */
const uniform = (key: number, t: number, b: number): number => foldKey(key, t, b) / 0x100000000;

/** What `body` computes is a value: its ops are not recorded, and no gradient flows. */
function withoutTape(like: tf.Tensor, body: () => tf.Tensor2D): tf.Tensor2D {
  const cut = tf.customGrad((x) => ({ value: body(), gradFunc: () => tf.zerosLike(x as tf.Tensor) }));
  return cut(like) as tf.Tensor2D;
}

/** A key of one training step. */
export const stepKey = (seed: number, step: number): number =>
  foldKey(seed, step, hashText('scheduled sampling'));
