import * as tf from '@tensorflow/tfjs-core';

/** The memory as attention reads it: padding is 0 there, whatever it was. */
export function cleanMemory(memory: tf.Tensor3D, mask: tf.Tensor | undefined): tf.Tensor3D {
  if (!mask) return memory;
  const [B, S, M] = memory.shape;
  // by selection: 0 · NaN is NaN
  const real = tf.tile(tf.reshape(tf.cast(mask, 'bool'), [B, S, 1]), [1, 1, M]);
  return tf.where(real, memory, tf.zerosLike(memory)) as tf.Tensor3D;
}

/**
 * What a memory gives to each query.
 *
 *     a_ts = softmax_s(e_ts) over the real places s,   c_t = Σ_s a_ts m_s
 *
 * @returns the context c [B,T,M] and the alignment a [B,T,S]; both 0 where no place is real
 */
export function attend(
  e: tf.Tensor3D, // [B,T,S]
  memory: tf.Tensor3D, // [B,S,M]
  mask: tf.Tensor | undefined, // [B,S], 1 at real places
): { context: tf.Tensor3D; alignment: tf.Tensor3D } {
  const alignment = mask ? maskedSoftmax(e, mask) : tf.softmax(e);
  return { context: tf.matMul(alignment, memory), alignment };
}

/** Far below any energy, and finite, so that a row without a real place has no NaN. */
const FAR = 1e9;

function maskedSoftmax(e: tf.Tensor3D, mask: tf.Tensor): tf.Tensor3D {
  const [B, , S] = e.shape;
  const m = tf.reshape(tf.cast(mask, 'float32'), [B, 1, S]);
  // a = m softmax(e + (m − 1) ∞)
  return tf.mul(tf.softmax(tf.add(e, tf.mul(tf.sub(m, 1), FAR))), m);
}
