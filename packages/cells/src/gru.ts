import { defineCell, dsigmoid, dtanh, oneMinus } from '@gatewise/core';

/**
 * GRU, reset before the product, in the lecture's convention (Cho et al., 2014).
 *
 *     z = σ(a_z),  r = σ(a_r),  u = r ⊗ h_{t-1}
 *     n = tanh(a_n),  a_n = x_t W_n + u R_n + b_n
 *     h_t = (1 − z) ⊗ h_{t-1} + z ⊗ n
 *
 * Keras, PyTorch and ONNX write z and 1 − z the other way round: there z ≈ 1 copies the memory, here z ≈ 0 does.
 */
export const gru = defineCell({
  name: 'gru',
  state: ['h'],
  gates: ['z', 'r', 'n'],
  saved: ['z', 'r', 'n'],
  operand: {
    feeds: ['n'],
    // u = r ⊗ h'
    forward: (a, s) => a.r.sigmoid().mul(s.h),
    // δr = δu ⊗ h',  δa_r = δr ⊗ r(1 − r),  δh' += δu ⊗ r
    backward: (du, { r }, s) => ({ gates: { r: du.mul(s.h).mul(dsigmoid(r)) }, prev: { h: du.mul(r) } }),
  },
  forward(a, s) {
    const z = a.z.sigmoid();
    const r = a.r.sigmoid();
    const n = a.n.tanh();
    // h = (1 − z) ⊗ h' + z ⊗ n
    return { next: { h: oneMinus(z).mul(s.h).add(z.mul(n)) }, saved: { z, r, n } };
  },
  backward(d, { z, n }, s) {
    return {
      gates: {
        // δz = δh ⊗ (n − h'),  δa_z = δz ⊗ z(1 − z)
        z: d.h.mul(n.sub(s.h)).mul(dsigmoid(z)),
        // δn = δh ⊗ z,  δa_n = δn ⊗ (1 − n²)
        n: d.h.mul(z).mul(dtanh(n)),
      },
      // δh' = δh ⊗ (1 − z)
      prev: { h: d.h.mul(oneMinus(z)) },
    };
  },
});
