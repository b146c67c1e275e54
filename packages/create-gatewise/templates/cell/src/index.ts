import { defineCell, dtanh } from '@gatewise/core';

/**
 * A leaky cell: half of its old state stays.
 *
 *     n_t = tanh(a_t)
 *     h_t = ½ h_{t-1} + ½ n_t
 */
export const myCell = defineCell({
  name: 'my-cell',
  state: ['h'],
  gates: ['n'],
  saved: ['n'],
  forward(a, s) {
    // n = tanh(a)
    const n = a.n.tanh();
    // h = ½ h' + ½ n
    return { next: { h: s.h.mul(0.5).add(n.mul(0.5)) }, saved: { n } };
  },
  backward(d, { n }) {
    // δa = ½ δh ⊗ (1 − n²),  δh' = ½ δh
    return { gates: { n: d.h.mul(0.5).mul(dtanh(n)) }, prev: { h: d.h.mul(0.5) } };
  },
});
