import { GatewiseError } from '@gatewise/core';
import { fusedSoftmaxCrossEntropy } from '@gatewise/kernels';
import * as tf from '@tensorflow/tfjs-core';
import { hostValues } from './host-values.js';

/**
 * Mean softmax cross-entropy in nats: l = log Σ_c e^{z_c} − z_y, over all rows, or over those where `mask` is 1.
 *
 * @param yTrue ids [..], or distributions over classes (one-hot) [.., C]
 * @param yPred logits z [.., C]
 * @param mask [..], 1 where a target counts, 0 where not
 * @returns the mean; 0 where nothing counts. Its gradient is (softmax(z) − y) / N, written out. Errors: `GW_TRAIN_SHAPE`,
 * `GW_TRAIN_TARGET`.
 * @example softmaxCrossEntropy(tf.tensor1d([2], 'int32'), tf.tensor2d([[0, 0, 1]]))
 */
export function softmaxCrossEntropy(yTrue: tf.Tensor, yPred: tf.Tensor, mask?: tf.Tensor): tf.Scalar {
  const C = yPred.shape.at(-1) ?? 0;
  const ids = checkTargets(yTrue, yPred, mask);
  return tf.tidy(() => {
    const N = yPred.size / C;
    const z = tf.reshape(yPred, [N, C]) as tf.Tensor2D;
    const y = ids ? tf.reshape(yTrue, [N]) : tf.reshape(yTrue, [N, C]);
    const m = mask ? tf.reshape(mask, [N]) : null;
    return fusedSoftmaxCrossEntropy(z, y, m) ?? composed(z, y, m);
  });
}

/**
 * Softmax cross-entropy summed over the steps of a sequence and averaged over rows: E = 1/B Σ_b Σ_t E_bt, stable from
 * logits. A loss for `train`, and for padded rows with their mask. Arguments and errors as of `softmaxCrossEntropy`.
 *
 * @example await train(model, batches, { loss: summedCrossEntropy, epochs: 3, optimizer });
 */
export function summedCrossEntropy(yTrue: tf.Tensor, yPred: tf.Tensor, mask?: tf.Tensor): tf.Scalar {
  return tf.tidy(() => {
    const [B = 1, ...steps] = yPred.shape.slice(0, -1);
    const mean = softmaxCrossEntropy(yTrue, yPred, mask);
    const perRow = steps.reduce((n, m) => n * m, 1);
    return tf.mul(mean, mask ? tf.div(tf.sum(tf.cast(mask, 'float32')), B) : perRow) as tf.Scalar;
  });
}

/** The same of tf.js' ops, on every backend. */
function composed(z: tf.Tensor2D, y: tf.Tensor, mask: tf.Tensor | null): tf.Scalar {
  const [N, C] = z.shape;
  // One-hot rows are made on the device: ids are all that is uploaded.
  const rows = y.rank === 1 ? tf.oneHot(tf.cast(y, 'int32') as tf.Tensor1D, C) : y;
  // w = m / Σ m
  const m = mask ? tf.cast(tf.reshape(mask, [N, 1]), 'float32') : tf.ones([N, 1]);
  const w = tf.div(m, tf.maximum(tf.sum(m), 1));
  return weighted(z, tf.cast(rows, 'float32'), w);
}

/** Σ_n w_n (log Σ_c e^{z_nc} Σ_c y_nc − Σ_c y_nc z_nc) */
function weighted(logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor): tf.Scalar {
  const op = tf.customGrad((z, save) => {
    // a = z − max_c z, e = e^a, s = Σ_c e, k = Σ_c y
    const a = tf.sub(z as tf.Tensor, tf.max(z as tf.Tensor, -1, true));
    const e = tf.exp(a);
    const s = tf.sum(e, -1, true);
    const k = tf.sum(targets, -1, true);
    // l = k log s − Σ_c y a
    const l = tf.sub(tf.mul(k, tf.log(s)), tf.sum(tf.mul(targets, a), -1, true));
    (save as tf.GradSaveFunc)([e, s, k, targets, weights]);
    return {
      value: tf.sum(tf.mul(weights, l)) as tf.Scalar,
      // dz = w dl (k e / s − y)
      gradFunc: (dl: tf.Tensor, saved: tf.Tensor[]) => {
        const [e, s, k, y, w] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
        return tf.mul(tf.mul(w, dl), tf.sub(tf.mul(e, tf.div(k, s)), y));
      },
    };
  });
  return op(logits) as tf.Scalar;
}

/** True for ids. Errors: `GW_TRAIN_SHAPE`, `GW_TRAIN_TARGET`. */
export function checkTargets(yTrue: tf.Tensor, yPred: tf.Tensor, mask?: tf.Tensor): boolean {
  const ids = checkShapes(yTrue, yPred, mask);
  if (ids) checkIds(yTrue, yPred.shape.at(-1) ?? 0);
  return ids;
}

function checkShapes(yTrue: tf.Tensor, yPred: tf.Tensor, mask: tf.Tensor | undefined): boolean {
  const rows = yPred.shape.slice(0, -1);
  const same = tf.util.arraysEqual(yTrue.shape, yPred.shape);
  if (yPred.rank < 2 || (!same && !tf.util.arraysEqual(yTrue.shape, rows))) {
    throw new GatewiseError(
      'GW_TRAIN_SHAPE',
      `got targets [${yTrue.shape}] and logits [${yPred.shape}], wanted ids [..] or one-hot rows [.., C] for logits [.., C]`,
    );
  }
  if (mask && !tf.util.arraysEqual(mask.shape, rows)) {
    throw new GatewiseError(
      'GW_TRAIN_SHAPE',
      `got a mask [${mask.shape}], wanted [${rows}], one number a target`,
    );
  }
  return !same;
}

function checkIds(targets: tf.Tensor, C: number): void {
  const bad = hostValues(targets)?.find((id) => !(id >= 0 && id < C));
  if (bad !== undefined) {
    throw new GatewiseError(
      'GW_TRAIN_TARGET',
      `got target ${bad}, wanted ids from 0 to ${C - 1}; is the model's last layer as wide as the vocabulary?`,
    );
  }
}
