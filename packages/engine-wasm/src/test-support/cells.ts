import { indrnn } from '@gatewise/cell-indrnn';
import { lstmPeephole } from '@gatewise/cell-peephole';
import { additive, gru, gruResetAfter, lstm, lstmOriginal, vanilla } from '@gatewise/cells';
import { type AnyCell, defineCell } from '@gatewise/core';

/**
 * What no other cell has: a gate that reads nothing, a state that passes through, a node that the operand shares with
 * forward, fields that are a constant, a vector, a state, and a state to come.
 */
const corners = defineCell({
  name: 'corners',
  state: ['h', 'm', 'old'],
  gates: ['z', 'n', 'free', 'k'],
  saved: ['z', 'n', 'pre', 'm', 'was', 'scale', 'three'],
  input: ['z', 'n'],
  recurrent: ['z', 'n', 'k'],
  vectors: ['scale', 'shift'],
  operand: {
    feeds: ['n'],
    // u = σ(a_z) ⊗ h' − ½ m'
    forward: (a, s) => a.z.sigmoid().mul(s.h).sub(s.m.mul(0.5)),
    backward: (du, { z }, s) => ({
      gates: { z: du.mul(s.h).mul(z).mul(z.neg().add(1)) },
      prev: { h: du.mul(z), m: du.mul(-0.5) },
    }),
  },
  forward(a, s, w) {
    const z = a.z.sigmoid();
    const n = a.n.add(a.free).tanh();
    const pre = a.k.sub(w.shift);
    const m = z.mul(s.m).add(pre.relu().mul(w.scale));
    return {
      next: { h: n.sub(z.mul(n)).add(m), m, old: s.h },
      saved: { z, n, pre, m, was: s.m, scale: w.scale, three: n.sub(n).add(3) },
    };
  },
  backward(d, { z, n, pre, m, was, scale, three }, s, w) {
    const dm = d.m.add(d.h);
    const dn = d.h.mul(z.neg().add(1)).mul(n.mul(n).neg().add(1));
    const dpre = dm.mul(scale).mul(pre.step());
    // three − 3 is 0, and m takes part only through it: what is kept must still be right
    const nothing = three.sub(3).mul(m);
    return {
      gates: {
        z: dm.mul(was).sub(d.h.mul(n)).mul(z).mul(z.neg().add(1)).add(nothing),
        n: dn,
        free: dn,
        k: dpre,
      },
      prev: { h: d.old, m: dm.mul(z), old: s.old.mul(0) },
      vectors: { scale: dm.mul(pre.relu()), shift: dpre.neg().add(w.shift.mul(0)) },
    };
  },
});

/** The six built-in cells, two of plugins, and the corners: to the engine all are data. */
export const allCells: readonly AnyCell[] = [
  vanilla,
  additive,
  lstmOriginal,
  lstm,
  gru,
  gruResetAfter,
  lstmPeephole,
  indrnn,
  corners,
].map((cell) => cell as unknown as AnyCell);
