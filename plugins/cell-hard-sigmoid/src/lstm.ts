import { defineCell, dtanh } from '@gatewise/core';
import { dhardSigmoid, hardSigmoid } from './hard-sigmoid.js';

/**
 * LSTM with hard sigmoid gates: what tf.layers.lstm computes by default (gates of Gers, Schmidhuber and Cummins, 2000; the
 * piecewise linear σ̂ of Courbariaux, Bengio and David, 2015).
 *
 *     i = σ̂(a_i),  f = σ̂(a_f),  g = tanh(a_g),  o = σ̂(a_o)
 *     c_t = f ⊗ c_{t-1} + i ⊗ g,  h_t = o ⊗ tanh(c_t)
 */
export const lstmHardSigmoid = defineCell({
  name: 'lstm-hard-sigmoid',
  state: ['h', 'c'],
  gates: ['i', 'f', 'g', 'o'],
  saved: ['i', 'f', 'g', 'o', 'k'],
  forward(a, s) {
    const i = hardSigmoid(a.i);
    const f = hardSigmoid(a.f);
    const g = a.g.tanh();
    const o = hardSigmoid(a.o);
    // c = f ⊗ c' + i ⊗ g,  k = tanh(c),  h = o ⊗ k
    const c = f.mul(s.c).add(i.mul(g));
    const k = c.tanh();
    return { next: { h: o.mul(k), c }, saved: { i, f, g, o, k } };
  },
  backward(d, { i, f, g, o, k }, s) {
    // δc += δh ⊗ o ⊗ (1 − k²)
    const dc = d.c.add(d.h.mul(o).mul(dtanh(k)));
    return {
      gates: {
        // δa_i = δc ⊗ g ⊗ σ̂′,  δa_f = δc ⊗ c' ⊗ σ̂′
        i: dc.mul(g).mul(dhardSigmoid(i)),
        f: dc.mul(s.c).mul(dhardSigmoid(f)),
        // δa_g = δc ⊗ i ⊗ (1 − g²),  δa_o = δh ⊗ k ⊗ σ̂′
        g: dc.mul(i).mul(dtanh(g)),
        o: d.h.mul(k).mul(dhardSigmoid(o)),
      },
      // δc' = δc ⊗ f
      prev: { c: dc.mul(f) },
    };
  },
});
