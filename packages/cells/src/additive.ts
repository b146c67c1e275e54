import { defineCell, dtanh } from '@gatewise/core';

/**
 * Ungated additive cell: a memory that only adds, the first step from the vanilla cell towards the LSTM.
 *
 *     g = tanh(a),  c_t = c_{t-1} + g,  h_t = tanh(c_t)
 */
export const additive = defineCell({
  name: 'additive',
  state: ['h', 'c'],
  gates: ['g'],
  saved: ['g', 'h'],
  forward(a, s) {
    // g = tanh(a)
    const g = a.g.tanh();
    // c = c' + g
    const c = s.c.add(g);
    // h = tanh(c)
    const h = c.tanh();
    return { next: { h, c }, saved: { g, h } };
  },
  backward(d, { g, h }) {
    // δc += δh ⊗ (1 − h²)
    const dc = d.c.add(d.h.mul(dtanh(h)));
    // δa = δc ⊗ (1 − g²),  δc' = δc
    return { gates: { g: dc.mul(dtanh(g)) }, prev: { c: dc } };
  },
});
