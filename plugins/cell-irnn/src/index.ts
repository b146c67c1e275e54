import { defineCell } from '@gatewise/core';

/**
 * The cell of an IRNN: a vanilla RNN with ReLU (Le, Jaitly and Hinton, 2015). What makes it remember is its start:
 * R = I and b = 0, as `recurrent({ cell: irnn, recurrentInitializer: 'identity' })`.
 *
 *     h_t = relu(a_t)
 */
export const irnn = defineCell({
  name: 'irnn',
  state: ['h'],
  gates: ['h'],
  saved: ['h'],
  forward(a) {
    // h = relu(a)
    const h = a.h.relu();
    return { next: { h }, saved: { h } };
  },
  backward(d, { h }) {
    // δa = δh ⊗ [h > 0]
    return { gates: { h: d.h.mul(h.step()) }, prev: {} };
  },
});
