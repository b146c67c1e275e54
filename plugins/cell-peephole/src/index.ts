import { defineCell, dsigmoid, dtanh } from '@gatewise/core';

/**
 * LSTM with peepholes: the gates see the memory (Gers and Schmidhuber, 2000).
 *
 *     i = σ(a_i + p_i ⊗ c_{t-1}),  f = σ(a_f + p_f ⊗ c_{t-1}),  g = tanh(a_g)
 *     c_t = f ⊗ c_{t-1} + i ⊗ g
 *     o = σ(a_o + p_o ⊗ c_t),  h_t = o ⊗ tanh(c_t)
 */
export const lstmPeephole = defineCell({
  name: 'lstm-peephole',
  state: ['h', 'c'],
  gates: ['i', 'f', 'g', 'o'],
  saved: ['i', 'f', 'g', 'o', 'c', 'k'],
  vectors: ['pi', 'pf', 'po'],
  forward(a, s, w) {
    // i = σ(a_i + p_i ⊗ c'),  f = σ(a_f + p_f ⊗ c')
    const i = a.i.add(w.pi.mul(s.c)).sigmoid();
    const f = a.f.add(w.pf.mul(s.c)).sigmoid();
    const g = a.g.tanh();
    // c = f ⊗ c' + i ⊗ g
    const c = f.mul(s.c).add(i.mul(g));
    // o = σ(a_o + p_o ⊗ c),  k = tanh(c),  h = o ⊗ k
    const o = a.o.add(w.po.mul(c)).sigmoid();
    const k = c.tanh();
    return { next: { h: o.mul(k), c }, saved: { i, f, g, o, c, k } };
  },
  backward(d, { i, f, g, o, c, k }, s, w) {
    // δa_o = δh ⊗ k ⊗ o(1 − o)
    const da_o = d.h.mul(k).mul(dsigmoid(o));
    // δc += δh ⊗ o ⊗ (1 − k²) + δa_o ⊗ p_o
    const dc = d.c.add(d.h.mul(o).mul(dtanh(k))).add(da_o.mul(w.po));
    // δa_i = δc ⊗ g ⊗ i(1 − i),  δa_f = δc ⊗ c' ⊗ f(1 − f)
    const da_i = dc.mul(g).mul(dsigmoid(i));
    const da_f = dc.mul(s.c).mul(dsigmoid(f));
    return {
      // δa_g = δc ⊗ i ⊗ (1 − g²)
      gates: { i: da_i, f: da_f, g: dc.mul(i).mul(dtanh(g)), o: da_o },
      // δc' = δc ⊗ f + δa_i ⊗ p_i + δa_f ⊗ p_f
      prev: { c: dc.mul(f).add(da_i.mul(w.pi)).add(da_f.mul(w.pf)) },
      // δp_i = δa_i ⊗ c',  δp_f = δa_f ⊗ c',  δp_o = δa_o ⊗ c
      vectors: { pi: da_i.mul(s.c), pf: da_f.mul(s.c), po: da_o.mul(c) },
    };
  },
});
