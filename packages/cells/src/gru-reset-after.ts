import { defineCell, dsigmoid, dtanh, oneMinus } from '@gatewise/core';

/**
 * GRU, reset after the product: what cuDNN computes, in the lecture's convention for z (Cho et al., 2014).
 *
 *     z = σ(a_z),  r = σ(a_r),  m = h_{t-1} R_q + b_q
 *     n = tanh(x_t W_n + b_n + r ⊗ m)
 *     h_t = (1 − z) ⊗ h_{t-1} + z ⊗ n
 *
 * Gate n reads x alone and gate q the state alone: W is [I, 3H] (z r n), R is [H, 3H] (z r q), b is [4H] (z r n q).
 */
export const gruResetAfter = defineCell({
  name: 'gru-reset-after',
  state: ['h'],
  gates: ['z', 'r', 'n', 'q'],
  saved: ['z', 'r', 'n', 'm'],
  input: ['z', 'r', 'n'],
  recurrent: ['z', 'r', 'q'],
  forward(a, s) {
    const z = a.z.sigmoid();
    const r = a.r.sigmoid();
    const m = a.q;
    // n = tanh(a_n + r ⊗ m)
    const n = a.n.add(r.mul(m)).tanh();
    // h = (1 − z) ⊗ h' + z ⊗ n
    return { next: { h: oneMinus(z).mul(s.h).add(z.mul(n)) }, saved: { z, r, n, m } };
  },
  backward(d, { z, r, n, m }, s) {
    // δn = δh ⊗ z,  δa_n = δn ⊗ (1 − n²)
    const da_n = d.h.mul(z).mul(dtanh(n));
    return {
      gates: {
        // δz = δh ⊗ (n − h'),  δa_z = δz ⊗ z(1 − z)
        z: d.h.mul(n.sub(s.h)).mul(dsigmoid(z)),
        // δr = δa_n ⊗ m,  δa_r = δr ⊗ r(1 − r)
        r: da_n.mul(m).mul(dsigmoid(r)),
        n: da_n,
        // δm = δa_n ⊗ r
        q: da_n.mul(r),
      },
      // δh' = δh ⊗ (1 − z)
      prev: { h: d.h.mul(oneMinus(z)) },
    };
  },
});
