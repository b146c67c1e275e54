import { defineCell, dsigmoid, dtanh, oneMinus } from '@gatewise/core';

/**
 * LSTM with coupled gates: it forgets as much as it takes in, f = 1 − i (Greff et al., 2017, "CIFG").
 *
 *     i = σ(a_i),  g = tanh(a_g),  o = σ(a_o)
 *     c_t = (1 − i) ⊗ c_{t-1} + i ⊗ g,  h_t = o ⊗ tanh(c_t)
 */
export const lstmCoupled = defineCell({
  name: 'lstm-coupled',
  state: ['h', 'c'],
  gates: ['i', 'g', 'o'],
  saved: ['i', 'g', 'o', 'k'],
  forward(a, s) {
    const i = a.i.sigmoid();
    const g = a.g.tanh();
    const o = a.o.sigmoid();
    // c = (1 − i) ⊗ c' + i ⊗ g
    const c = oneMinus(i).mul(s.c).add(i.mul(g));
    // k = tanh(c),  h = o ⊗ k
    const k = c.tanh();
    return { next: { h: o.mul(k), c }, saved: { i, g, o, k } };
  },
  backward(d, { i, g, o, k }, s) {
    // δc += δh ⊗ o ⊗ (1 − k²)
    const dc = d.c.add(d.h.mul(o).mul(dtanh(k)));
    return {
      gates: {
        // δa_i = δc ⊗ (g − c') ⊗ i(1 − i)
        i: dc.mul(g.sub(s.c)).mul(dsigmoid(i)),
        // δa_g = δc ⊗ i ⊗ (1 − g²)
        g: dc.mul(i).mul(dtanh(g)),
        // δa_o = δh ⊗ k ⊗ o(1 − o)
        o: d.h.mul(k).mul(dsigmoid(o)),
      },
      // δc' = δc ⊗ (1 − i)
      prev: { c: dc.mul(oneMinus(i)) },
    };
  },
});
