import { defineCell } from '@gatewise/core';

/** Every corner of the program: constants, relu, step, vectors, an operand that forward shares, unused roots. */
export const odd = defineCell({
  name: 'odd',
  state: ['h', 'c', 'q'],
  gates: ['a', 'r', 'n', 'k'],
  saved: ['a', 'r', 'n', 's', 'w', 'q', 'one', 'h'],
  input: ['a', 'n'],
  recurrent: ['a', 'r', 'n'],
  vectors: ['v', 'w'],
  operand: {
    feeds: ['n'],
    forward: (a, s) => a.r.sigmoid().mul(s.h).add(s.c.mul(0.1)),
    backward: (du, { r }, s) => ({
      gates: { r: du.mul(s.h).mul(r).mul(r.neg().add(1)) },
      prev: { h: du.mul(r), c: du.mul(0.1) },
    }),
  },
  forward(a, s, w) {
    const r = a.r.sigmoid();
    const n = a.n.add(a.k).tanh();
    const x = a.a.relu().sub(w.v.mul(s.q));
    const c = r.mul(s.c).add(n.mul(0.5)).sub(x.mul(0.25));
    const h = c.tanh().mul(r);
    return {
      next: { h, c, q: s.h },
      saved: { a: a.a, r, n, s: s.c, w: w.w, q: s.q, one: n.sub(n).add(1), h },
    };
  },
  backward(d, { a, r, n, s, w, q, one, h }, p, v) {
    const dc = d.c.add(d.h.mul(r).mul(one.sub(h.mul(h))));
    const dx = dc.mul(-0.25);
    return {
      gates: { a: dx.mul(a.step()), n: dc.mul(0.5).mul(n.mul(n).neg().add(1)), r: dc.mul(s).mul(r) },
      prev: { h: d.q, c: dc.mul(r).add(d.c.mul(w)), q: dx.mul(v.v).neg() },
      vectors: { v: dx.mul(q).neg(), w: d.h.mul(p.c) },
    };
  },
});
