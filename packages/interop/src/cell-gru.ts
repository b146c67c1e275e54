import { defineCell, oneMinus } from '@gatewise/core';
import { activations } from './activations.js';
import type { CellActivation } from './model.js';

/** ρ of the gates, φ of the candidate. */
interface Functions {
  readonly gates: CellActivation;
  readonly activation: CellActivation;
}

/**
 * A GRU, reset before the product, with activations of its own; z in the lecture's convention (Cho et al., 2014).
 *
 *     z = ρ(a_z),  r = ρ(a_r),  u = r ⊗ h_{t-1}
 *     n = φ(a_n),  h_t = (1 − z) ⊗ h_{t-1} + z ⊗ n
 */
export function gruOf(name: string, { gates, activation }: Functions) {
  const ρ = activations[gates];
  const φ = activations[activation];
  return defineCell({
    name,
    state: ['h'],
    gates: ['z', 'r', 'n'],
    saved: ['z', 'r', 'n'],
    operand: {
      feeds: ['n'],
      // u = r ⊗ h'
      forward: (a, s) => ρ.apply(a.r).mul(s.h),
      // δr = δu ⊗ h',  δa_r = δr ⊗ ρ′,  δh' += δu ⊗ r
      backward: (du, { r }, s) => ({ gates: { r: ρ.back(du.mul(s.h), r) }, prev: { h: du.mul(r) } }),
    },
    forward(a, s) {
      const z = ρ.apply(a.z);
      const r = ρ.apply(a.r);
      const n = φ.apply(a.n);
      // h = (1 − z) ⊗ h' + z ⊗ n
      return { next: { h: oneMinus(z).mul(s.h).add(z.mul(n)) }, saved: { z, r, n } };
    },
    backward(d, { z, n }, s) {
      return {
        gates: {
          // δz = δh ⊗ (n − h'),  δa_z = δz ⊗ ρ′
          z: ρ.back(d.h.mul(n.sub(s.h)), z),
          // δn = δh ⊗ z,  δa_n = δn ⊗ φ′
          n: φ.back(d.h.mul(z), n),
        },
        // δh' = δh ⊗ (1 − z)
        prev: { h: d.h.mul(oneMinus(z)) },
      };
    },
  });
}

/**
 * The same, reset after the product: gate n reads x alone and gate q the state alone.
 *
 *     m = h_{t-1} R_q + b_q,  n = φ(x_t W_n + b_n + r ⊗ m)
 */
export function gruResetAfterOf(name: string, { gates, activation }: Functions) {
  const ρ = activations[gates];
  const φ = activations[activation];
  return defineCell({
    name,
    state: ['h'],
    gates: ['z', 'r', 'n', 'q'],
    saved: ['z', 'r', 'n', 'm'],
    input: ['z', 'r', 'n'],
    recurrent: ['z', 'r', 'q'],
    forward(a, s) {
      const z = ρ.apply(a.z);
      const r = ρ.apply(a.r);
      const m = a.q;
      // n = φ(a_n + r ⊗ m)
      const n = φ.apply(a.n.add(r.mul(m)));
      // h = (1 − z) ⊗ h' + z ⊗ n
      return { next: { h: oneMinus(z).mul(s.h).add(z.mul(n)) }, saved: { z, r, n, m } };
    },
    backward(d, { z, r, n, m }, s) {
      // δn = δh ⊗ z,  δa_n = δn ⊗ φ′
      const da_n = φ.back(d.h.mul(z), n);
      return {
        gates: {
          // δa_z = δh ⊗ (n − h') ⊗ ρ′,  δa_r = δa_n ⊗ m ⊗ ρ′
          z: ρ.back(d.h.mul(n.sub(s.h)), z),
          r: ρ.back(da_n.mul(m), r),
          n: da_n,
          // δm = δa_n ⊗ r
          q: da_n.mul(r),
        },
        // δh' = δh ⊗ (1 − z)
        prev: { h: d.h.mul(oneMinus(z)) },
      };
    },
  });
}
