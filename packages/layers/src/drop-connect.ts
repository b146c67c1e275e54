import type * as tf from '@tensorflow/tfjs-core';
import { dropElements } from './drop-elements.js';
import type { Regularisation } from './regularise.js';

/**
 * DropConnect on R: single connections are cut for a whole sequence, R ⊗ m / (1 − p) (Wan et al., 2013; on recurrent
 * weights Merity, Keskar and Socher, 2017). The op gets the cut matrix, so every engine stays fused.
 */
export function dropConnect(R: tf.Tensor, { training, rates, key }: Regularisation): tf.Tensor {
  if (!training || rates.connections === 0) return R;
  const [rows, columns] = R.shape as [number, number];
  return dropElements(R, [rows, 1, columns], key('connections'), rates.connections);
}
