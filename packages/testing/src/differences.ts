import { type AnyCell, cellNames, type Random } from '@gatewise/core';
import {
  type ByName,
  backwardReference,
  fill,
  forwardReference,
  type Mat,
  type ReferenceGradients,
  type Sequence,
  type Upstream,
  type Vec,
  type Weights,
} from './reference.js';

export interface Sizes {
  T: number;
  I: number;
  H: number;
}
export interface Problem {
  p: Weights;
  q: Sequence;
  upstream: Upstream;
}

/** A random sequence with everything on: initial states, operand dropout, zoneout, a padded step, cotangents. */
export function randomProblem(cell: AnyCell, random: Random, { T, I, H }: Sizes): Problem {
  const { gates, input, recurrent, vectors, state } = cellNames(cell);
  const row = (n: number) => fill(n, () => 2 * random.uniform() - 1);
  const mat = (n: number, m: number): Mat => Array.from({ length: n }, () => row(m));
  const by = <V>(names: readonly string[], f: () => V): ByName<V> =>
    Object.fromEntries(names.map((name) => [name, f()]));
  const drop = fill(H, (j) => (j === 1 ? 0 : 2));
  return {
    p: {
      W: mat(I, input.length * H),
      R: mat(H, recurrent.length * H),
      b: row(gates.length * H),
      vectors: by(vectors, () => row(H)),
    },
    q: {
      x: mat(T, I),
      state0: by(state, () => row(H)),
      real: Array.from({ length: T }, (_, t) => t !== 1),
      hold: by(state, () => mat(T, H).map((r) => r.map((v) => (v > 0.4 ? 1 : 0)))),
      drop: Array.from({ length: T }, () => drop),
      probe: mat(T, state.length * H),
    },
    upstream: { y: mat(T, H), final: by(state, () => row(H)) },
  };
}

/** E = Σ dY ⊗ y + Σ ds_T ⊗ s_T */
function lossOf(cell: AnyCell, { p, q, upstream }: Problem): number {
  const { y, final } = forwardReference(cell, p, q);
  const dot = (d: Vec, v: Vec) => v.reduce((E, x, j) => E + d[j]! * x, 0);
  const fromStates = cell.state.reduce((E, k) => E + dot(upstream.final[k]!, final[k]!), 0);
  return y.reduce((E, h, t) => E + dot(upstream.y[t]!, h), fromStates);
}

/** Every tensor of a problem, flat rows beside the gradient's rows of the same name. */
function rows(of: { p: Weights; q: Pick<Sequence, 'x' | 'state0' | 'probe'> }): ByName<Vec[]> {
  const by = (prefix: string, o: ByName<Vec>) =>
    Object.fromEntries(Object.entries(o).map(([k, v]) => [`${prefix}.${k}`, [v]]));
  const { p, q } = of;
  return {
    x: q.x,
    W: p.W,
    R: p.R,
    b: [p.b],
    probe: q.probe ?? [],
    ...by('vectors', p.vectors),
    ...by('state0', q.state0),
  };
}

/** Differences of E by every entry of every tensor, of fourth order: (8(E₊ − E₋) − (E₊₊ − E₋₋)) / 12e. */
export function differences(cell: AnyCell, problem: Problem, e = 3e-5): ByName<Vec[]> {
  const E = () => lossOf(cell, problem);
  const one = (row: Vec) =>
    row.map((v, i) => {
      const moved = (by: number) => {
        row[i] = v + by;
        return E();
      };
      const slope = (8 * (moved(e) - moved(-e)) - (moved(2 * e) - moved(-2 * e))) / (12 * e);
      row[i] = v;
      return slope;
    });
  return Object.fromEntries(Object.entries(rows(problem)).map(([k, m]) => [k, m.map(one)]));
}

/** The largest |BPTT − difference|, with the tensor it is in. Differences are taken once and can be given. */
export function bpttError(
  cell: AnyCell,
  problem: Problem,
  wanted: ByName<Vec[]> = differences(cell, problem),
): { error: number; at: string } {
  const { p, q, upstream } = problem;
  const g: ReferenceGradients = backwardReference(cell, p, q, forwardReference(cell, p, q), upstream);
  const got = rows({ p: g, q: g });
  let worst = { error: 0, at: '' };
  for (const [name, m] of Object.entries(wanted)) {
    m.forEach((row, r) => {
      row.forEach((v, i) => {
        const error = Math.abs(v - got[name]![r]![i]!);
        if (!(error <= worst.error)) worst = { error, at: name };
      });
    });
  }
  return worst;
}
