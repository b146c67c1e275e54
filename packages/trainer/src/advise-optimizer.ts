import { fusedInstead } from '@gatewise/optimisers';
import type { Optimizer } from '@tensorflow/tfjs-core';

const said = new Set<string>();

/** Says, once for each, which optimiser does in one pass what this one does op by op. */
export function adviseOptimizer(optimizer: Optimizer): void {
  const name = fusedInstead(optimizer);
  if (name === null || said.has(name)) return;
  said.add(name);
  const theirs = name === 'nesterov' ? 'momentum' : name;
  console.warn(
    `gatewise: tf.train.${theirs} updates op by op on this backend; ${name} of @gatewise/optimisers does it in one pass`,
  );
}
