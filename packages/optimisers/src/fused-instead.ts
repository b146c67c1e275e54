import type { Optimizer } from '@tensorflow/tfjs-core';
import { fusedArithmetic } from './fused.js';

/** By tf.js' class names; RMSprop with momentum, or centred, has no counterpart here. */
const counterparts: Readonly<Record<string, (config: Readonly<Record<string, unknown>>) => string | null>> = {
  SGD: () => 'sgd',
  Momentum: ({ useNesterov }) => (useNesterov === true ? 'nesterov' : 'momentum'),
  RMSProp: ({ momentum, centered }) => (momentum === 0 && centered !== true ? 'rmsprop' : null),
  Adam: () => 'adam',
};

/**
 * The function of this package that does in one pass what an optimizer of tf.train does op by op on the backend in use;
 * null where it is no such optimizer, or where no engine brings the arithmetic.
 *
 * @example fusedInstead(tf.train.adam(1e-3)); // 'adam', on cpu with an engine
 */
export function fusedInstead(optimizer: Optimizer): string | null {
  if (fusedArithmetic() === null) return null;
  const counterpart = counterparts[optimizer.getClassName?.() ?? ''];
  return counterpart?.(optimizer.getConfig()) ?? null;
}
