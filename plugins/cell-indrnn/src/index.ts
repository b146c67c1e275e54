import { defineCell } from '@gatewise/core';

/**
 * IndRNN: every unit remembers itself alone, a vector u in place of the matrix R (Li et al., 2018).
 *
 *     h_t = relu(a_t),   a_t = x_t W + u ⊗ h_{t-1} + b
 */
export const indrnn = defineCell({
  name: 'indrnn',
  state: ['h'],
  gates: ['h'],
  saved: ['h'],
  recurrent: [],
  vectors: ['u'],
  forward(a, s, w) {
    // h = relu(a + u ⊗ h')
    const h = a.h.add(w.u.mul(s.h)).relu();
    return { next: { h }, saved: { h } };
  },
  backward(d, { h }, s, w) {
    // δa = δh ⊗ [h > 0]
    const da = d.h.mul(h.step());
    // δh' = δa ⊗ u,  δu = δa ⊗ h'
    return { gates: { h: da }, prev: { h: da.mul(w.u) }, vectors: { u: da.mul(s.h) } };
  },
});
