import { defineCell, dsigmoid, dtanh } from '@gatewise/core';

/**
 * The popular LSTM, with a forget gate (Gers, Schmidhuber and Cummins, 2000).
 *
 *     i = σ(a_i),  f = σ(a_f),  g = tanh(a_g),  o = σ(a_o)
 *     c_t = f ⊗ c_{t-1} + i ⊗ g,  h_t = o ⊗ tanh(c_t)
 */
export const lstm = defineCell({
  name: 'lstm',
  state: ['h', 'c'],
  gates: ['i', 'f', 'g', 'o'],
  saved: ['i', 'f', 'g', 'o', 'k'],
  forward(a, s) {
    const i = a.i.sigmoid();
    const f = a.f.sigmoid();
    const g = a.g.tanh();
    const o = a.o.sigmoid();
    // c = f ⊗ c' + i ⊗ g
    const c = f.mul(s.c).add(i.mul(g));
    // k = tanh(c),  h = o ⊗ k
    const k = c.tanh();
    return { next: { h: o.mul(k), c }, saved: { i, f, g, o, k } };
  },
  backward(d, { i, f, g, o, k }, s) {
    // δc += δh ⊗ o ⊗ (1 − k²)
    const dc = d.c.add(d.h.mul(o).mul(dtanh(k)));
    return {
      gates: {
        // δi = δc ⊗ g,  δa_i = δi ⊗ i(1 − i)
        i: dc.mul(g).mul(dsigmoid(i)),
        // δf = δc ⊗ c',  δa_f = δf ⊗ f(1 − f)
        f: dc.mul(s.c).mul(dsigmoid(f)),
        // δg = δc ⊗ i,  δa_g = δg ⊗ (1 − g²)
        g: dc.mul(i).mul(dtanh(g)),
        // δo = δh ⊗ k,  δa_o = δo ⊗ o(1 − o)
        o: d.h.mul(k).mul(dsigmoid(o)),
      },
      // δc' = δc ⊗ f
      prev: { c: dc.mul(f) },
    };
  },
});
