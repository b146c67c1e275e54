import { defineCell, type Value } from '@gatewise/core';
import { activations } from './activations.js';
import type { CellActivation } from './model.js';

/** ρ of the gates, φ of the candidate, ψ of the memory. */
interface Functions {
  readonly gates: CellActivation;
  readonly activation: CellActivation;
  readonly output: CellActivation;
}

/**
 * An LSTM with activations of its own (gates of Gers, Schmidhuber and Cummins, 2000).
 *
 *     i = ρ(a_i),  f = ρ(a_f),  g = φ(a_g),  o = ρ(a_o)
 *     c_t = f ⊗ c_{t-1} + i ⊗ g,  h_t = o ⊗ ψ(c_t)
 */
export function lstmOf(name: string, functions: Functions) {
  const { ρ, φ, ψ } = letters(functions);
  return defineCell({
    name,
    state: ['h', 'c'],
    gates: ['i', 'f', 'g', 'o'],
    saved: ['i', 'f', 'g', 'o', 'k'],
    forward(a, s) {
      const i = ρ.apply(a.i);
      const f = ρ.apply(a.f);
      const g = φ.apply(a.g);
      const o = ρ.apply(a.o);
      // c = f ⊗ c' + i ⊗ g,  k = ψ(c),  h = o ⊗ k
      const c = f.mul(s.c).add(i.mul(g));
      const k = ψ.apply(c);
      return { next: { h: o.mul(k), c }, saved: { i, f, g, o, k } };
    },
    backward(d, { i, f, g, o, k }, s) {
      // δc += δh ⊗ o ⊗ ψ′
      const dc = d.c.add(ψ.back(d.h.mul(o), k));
      return {
        gates: {
          // δa_i = δc ⊗ g ⊗ ρ′,  δa_f = δc ⊗ c' ⊗ ρ′
          i: ρ.back(dc.mul(g), i),
          f: ρ.back(dc.mul(s.c), f),
          // δa_g = δc ⊗ i ⊗ φ′,  δa_o = δh ⊗ k ⊗ ρ′
          g: φ.back(dc.mul(i), g),
          o: ρ.back(d.h.mul(k), o),
        },
        // δc' = δc ⊗ f
        prev: { c: dc.mul(f) },
      };
    },
  });
}

/**
 * The same with peepholes (Gers and Schmidhuber, 2000): i and f see c_{t-1}, o sees c_t.
 *
 *     i = ρ(a_i + p_i ⊗ c_{t-1}),  f = ρ(a_f + p_f ⊗ c_{t-1}),  o = ρ(a_o + p_o ⊗ c_t)
 */
export function lstmPeepholeOf(name: string, functions: Functions) {
  const { ρ, φ, ψ } = letters(functions);
  const see = <T extends Value<T>>(a: T, p: T, c: T): T => ρ.apply(a.add(p.mul(c)));
  return defineCell({
    name,
    state: ['h', 'c'],
    gates: ['i', 'f', 'g', 'o'],
    saved: ['i', 'f', 'g', 'o', 'c', 'k'],
    vectors: ['pi', 'pf', 'po'],
    forward(a, s, w) {
      const i = see(a.i, w.pi, s.c);
      const f = see(a.f, w.pf, s.c);
      const g = φ.apply(a.g);
      // c = f ⊗ c' + i ⊗ g
      const c = f.mul(s.c).add(i.mul(g));
      // o = ρ(a_o + p_o ⊗ c),  k = ψ(c),  h = o ⊗ k
      const o = see(a.o, w.po, c);
      const k = ψ.apply(c);
      return { next: { h: o.mul(k), c }, saved: { i, f, g, o, c, k } };
    },
    backward(d, { i, f, g, o, c, k }, s, w) {
      // δa_o = δh ⊗ k ⊗ ρ′
      const da_o = ρ.back(d.h.mul(k), o);
      // δc += δh ⊗ o ⊗ ψ′ + δa_o ⊗ p_o
      const dc = d.c.add(ψ.back(d.h.mul(o), k)).add(da_o.mul(w.po));
      const da_i = ρ.back(dc.mul(g), i);
      const da_f = ρ.back(dc.mul(s.c), f);
      return {
        gates: { i: da_i, f: da_f, g: φ.back(dc.mul(i), g), o: da_o },
        // δc' = δc ⊗ f + δa_i ⊗ p_i + δa_f ⊗ p_f
        prev: { c: dc.mul(f).add(da_i.mul(w.pi)).add(da_f.mul(w.pf)) },
        // δp_i = δa_i ⊗ c',  δp_f = δa_f ⊗ c',  δp_o = δa_o ⊗ c
        vectors: { pi: da_i.mul(s.c), pf: da_f.mul(s.c), po: da_o.mul(c) },
      };
    },
  });
}

const letters = ({ gates, activation, output }: Functions) => ({
  ρ: activations[gates],
  φ: activations[activation],
  ψ: activations[output],
});
