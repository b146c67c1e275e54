import { defineCell, dsigmoid, dtanh } from '@gatewise/core';

/**
 * The original LSTM: an input and an output gate, no forget gate (Hochreiter and Schmidhuber, 1997).
 *
 *     i = σ(a_i),  g = tanh(a_g),  o = σ(a_o)
 *     c_t = c_{t-1} + i ⊗ g,  h_t = o ⊗ tanh(c_t)
 */
export const lstmOriginal = defineCell({
  name: 'lstm-original',
  state: ['h', 'c'],
  gates: ['i', 'g', 'o'],
  saved: ['i', 'g', 'o', 'k'],
  forward(a, s) {
    const i = a.i.sigmoid();
    const g = a.g.tanh();
    const o = a.o.sigmoid();
    // c = c' + i ⊗ g
    const c = s.c.add(i.mul(g));
    // k = tanh(c),  h = o ⊗ k
    const k = c.tanh();
    return { next: { h: o.mul(k), c }, saved: { i, g, o, k } };
  },
  backward(d, { i, g, o, k }) {
    // δc += δh ⊗ o ⊗ (1 − k²)
    const dc = d.c.add(d.h.mul(o).mul(dtanh(k)));
    return {
      gates: {
        // δi = δc ⊗ g,  δa_i = δi ⊗ i(1 − i)
        i: dc.mul(g).mul(dsigmoid(i)),
        // δg = δc ⊗ i,  δa_g = δg ⊗ (1 − g²)
        g: dc.mul(i).mul(dtanh(g)),
        // δo = δh ⊗ k,  δa_o = δo ⊗ o(1 − o)
        o: d.h.mul(k).mul(dsigmoid(o)),
      },
      // δc' = δc
      prev: { c: dc },
    };
  },
});
