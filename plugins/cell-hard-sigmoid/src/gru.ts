import { defineCell, dtanh, oneMinus } from '@gatewise/core';
import { dhardSigmoid, hardSigmoid } from './hard-sigmoid.js';

/**
 * GRU, reset before the product, with hard sigmoid gates: what tf.layers.gru computes by default, in the lecture's
 * convention of z (Cho et al., 2014; σ̂ of Courbariaux, Bengio and David, 2015). σ̂(−a) = 1 − σ̂(a), as for σ.
 *
 *     z = σ̂(a_z),  r = σ̂(a_r),  u = r ⊗ h_{t-1}
 *     n = tanh(a_n),  h_t = (1 − z) ⊗ h_{t-1} + z ⊗ n
 */
export const gruHardSigmoid = defineCell({
  name: 'gru-hard-sigmoid',
  state: ['h'],
  gates: ['z', 'r', 'n'],
  saved: ['z', 'r', 'n'],
  operand: {
    feeds: ['n'],
    // u = r ⊗ h'
    forward: (a, s) => hardSigmoid(a.r).mul(s.h),
    // δr = δu ⊗ h',  δa_r = δr ⊗ σ̂′,  δh' += δu ⊗ r
    backward: (du, { r }, s) => ({ gates: { r: du.mul(s.h).mul(dhardSigmoid(r)) }, prev: { h: du.mul(r) } }),
  },
  forward(a, s) {
    const z = hardSigmoid(a.z);
    const r = hardSigmoid(a.r);
    const n = a.n.tanh();
    // h = (1 − z) ⊗ h' + z ⊗ n
    return { next: { h: oneMinus(z).mul(s.h).add(z.mul(n)) }, saved: { z, r, n } };
  },
  backward(d, { z, n }, s) {
    return {
      gates: {
        // δz = δh ⊗ (n − h'),  δa_z = δz ⊗ σ̂′
        z: d.h.mul(n.sub(s.h)).mul(dhardSigmoid(z)),
        // δn = δh ⊗ z,  δa_n = δn ⊗ (1 − n²)
        n: d.h.mul(z).mul(dtanh(n)),
      },
      // δh' = δh ⊗ (1 − z)
      prev: { h: d.h.mul(oneMinus(z)) },
    };
  },
});
