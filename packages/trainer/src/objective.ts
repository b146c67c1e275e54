import type { Batch, Seen } from '@gatewise/plugin';
import type * as tf from '@tensorflow/tfjs-core';
import { weighted } from './class-weights.js';
import { counted } from './lengths.js';
import { applyLoss, type Loss, lossFunction } from './losses.js';
import { softmaxCrossEntropy, summedCrossEntropy } from './softmax-cross-entropy.js';

/** The mean loss of predictions p, which it shows, with the targets, to whoever measures them. */
export type Objective = (
  batch: Batch,
  p: tf.Tensor,
  mask: tf.Tensor2D | undefined, // [B,T]
  show?: (seen: Seen) => void,
) => tf.Scalar;

/** Errors: `GW_TRAIN_LOSS`, `GW_TRAIN_CLASS_WEIGHTS`. */
export function objective(loss: Loss | undefined, classWeights?: readonly number[]): Objective {
  const plain = lossFunction(loss);
  const compute = classWeights ? weighted(loss, plain, classWeights) : plain;
  const form = formOf(loss);
  const isCrossEntropy = !classWeights && (loss === 'softmaxCrossEntropy' || loss === softmaxCrossEntropy);
  return (batch, p, mask, show) => {
    const counts = counted(batch, mask);
    const value = applyLoss(loss as Loss, compute, batch.y, p, counts);
    show?.({
      ...{ targets: batch.y, predictions: p, form },
      ...(counts && { mask: counts }),
      ...(isCrossEntropy && { crossEntropy: value }),
    });
    return value;
  };
}

function formOf(loss: Loss | undefined): Seen['form'] {
  if (loss === 'softmaxCrossEntropy' || loss === softmaxCrossEntropy || loss === summedCrossEntropy)
    return 'logits';
  if (loss === 'categoricalCrossentropy' || loss === 'sparseCategoricalCrossentropy') return 'probabilities';
  return loss === 'binaryCrossentropy' ? 'binary' : 'values';
}
