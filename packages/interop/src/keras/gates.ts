import type { CellSpec } from '../model.js';
import type { GateOrder } from '../values.js';

const lstm = ['i', 'f', 'g', 'o'];
const gru = ['z', 'r', 'n'];

/** From Keras' gates to ours: the same order; its h = z ⊗ h' + (1 − z) ⊗ n has z the other way round. */
export function kerasGates({ kind }: CellSpec): GateOrder {
  if (kind === 'gru') return { from: gru, to: gru, negated: 'z' };
  return kind === 'lstm' ? { from: lstm, to: lstm } : { from: ['h'], to: ['h'] };
}
