import { GatewiseError } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';

type Weights = Readonly<Record<string, tf.Tensor>>;

/** How well each place s of a memory fits each query t: e_ts. */
export interface Score {
  /** Shapes of its weights by name, for queries of width Q, a memory of width M and A units. */
  weights(Q: number, M: number, A: number): Readonly<Record<string, readonly [number, number]>>;
  /** What of it depends on the memory alone [B,S,M]: computed once, whatever the number of queries. */
  keys(memory: tf.Tensor3D, w: Weights): tf.Tensor3D;
  /** e [B,T,S] of queries [B,T,Q] and keys [B,S,…]. */
  energies(query: tf.Tensor3D, keys: tf.Tensor3D, w: Weights): tf.Tensor3D;
}

/** X W over the last axis, [B,N,I] × [I,O]. */
function project(X: tf.Tensor3D, W: tf.Tensor): tf.Tensor3D {
  const [B, N, I] = X.shape;
  return tf.reshape(tf.matMul(tf.reshape(X, [B * N, I]), W as tf.Tensor2D), [B, N, W.shape[1]!]);
}

/** e_ts = q_t · m_s (Luong, Pham and Manning, 2015). Errors: `GW_ATTENTION_WIDTH` where the widths differ. */
const dot: Score = {
  weights(Q, M) {
    if (Q === M) return {};
    throw new GatewiseError(
      'GW_ATTENTION_WIDTH',
      `got queries of width ${Q} and a memory of width ${M}, wanted them equal for a dot product; use generalAttention()`,
    );
  },
  keys: (m) => m,
  energies: (q, m) => tf.matMul(q, m, false, true),
};

/** e_ts = q_t · (m_s W), for any widths (the "general" score of Luong, Pham and Manning, 2015). */
const general: Score = {
  weights: (Q, M) => ({ W: [M, Q] }),
  keys: (m, { W }) => project(m, W!),
  energies: (q, k) => tf.matMul(q, k, false, true),
};

/** e_ts = tanh(q_t Wq + m_s Wm) v (Bahdanau, Cho and Bengio, 2015). Holds [B,T,S,A] while it trains. */
const additive: Score = {
  weights: (Q, M, A) => ({ Wq: [Q, A], Wm: [M, A], v: [A, 1] }),
  keys: (m, { Wm }) => project(m, Wm!),
  energies(q, k, { Wq, v }) {
    const [B, T] = q.shape;
    const [, S, A] = k.shape;
    // n_ts = tanh(q_t Wq + k_s)
    const n = tf.tanh(tf.add(tf.reshape(project(q, Wq!), [B, T, 1, A]), tf.reshape(k, [B, 1, S, A])));
    return tf.reshape(tf.matMul(tf.reshape(n, [B * T * S, A]), v as tf.Tensor2D), [B, T, S]);
  },
};

export const scores = { dot, general, additive } satisfies Record<string, Score>;
export type ScoreName = keyof typeof scores;
