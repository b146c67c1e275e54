import type { CellSpec } from '../model.js';
import type { GateOrder } from '../values.js';

const lstm = ['i', 'f', 'g', 'o'];

/** From PyTorch's gates to ours; its h = (1 − z) ⊗ n + z ⊗ h' has z the other way round. */
export function torchGates({ kind }: CellSpec): GateOrder {
  if (kind === 'gru') return { from: ['r', 'z', 'n'], to: ['z', 'r', 'n'], negated: 'z' };
  return kind === 'lstm' ? { from: lstm, to: lstm } : { from: ['h'], to: ['h'] };
}
