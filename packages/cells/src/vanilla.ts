import { defineCell, dtanh } from '@gatewise/core';

/**
 * Vanilla recurrent network (Elman, 1990).
 *
 *     h_t = tanh(a_t),   a_t = x_t W + h_{t-1} R + b
 */
export const vanilla = defineCell({
  name: 'vanilla',
  state: ['h'],
  gates: ['h'],
  saved: ['h'],
  forward(a) {
    // h = tanh(a)
    const h = a.h.tanh();
    return { next: { h }, saved: { h } };
  },
  backward(d, { h }) {
    // δa = δh ⊗ (1 − h²)
    return { gates: { h: d.h.mul(dtanh(h)) }, prev: {} };
  },
});
