import { type AnyCell, cellNames } from '@gatewise/core';
import { Num } from '@gatewise/recurrence';

/** The float64 reference: one sequence, one unit at a time, straight from the cell's own two functions. */
export type Vec = number[];
export type Mat = Vec[];
export type ByName<T> = Record<string, T>;

export interface Weights {
  W: Mat; // [I, input gates·H]
  R: Mat; // [H, recurrent gates·H]
  b: Vec; // [gates·H]
  vectors: ByName<Vec>; // [H] each
}
/** One sequence, a batch of one. */
export interface Sequence {
  x: Mat; // [T, I]
  state0: ByName<Vec>; // [H] each
  /** false: the step is padding. */
  real?: readonly boolean[]; // [T]
  reverse?: boolean;
  padding?: 'zeros' | 'hold';
  /** Zoneout: 1 keeps s_{t-1}, what lies between blends. */
  hold?: ByName<Mat>; // [T, H] each
  /** Factor on the operand in front of R. */
  drop?: Mat; // [T, H]
  /** Added to s_t, so that its gradient is δs_t. */
  probe?: Mat; // [T, S·H]
}
export interface Upstream {
  y: Mat; // [T, H]
  final: ByName<Vec>; // [H] each
}
export interface Trace {
  y: Mat; // [T, H]
  final: ByName<Vec>;
  /** By input step; absent where the step is padding. */
  steps: (Step | undefined)[];
}
interface Step {
  before: ByName<Vec>; // s_{t-1}
  after: ByName<Vec>; // s_t
  saved: ByName<Num>[]; // one a unit
  h: Vec; // the operand of the gates that read h, as multiplied
  u: Vec; // the operand of the gates that `operand` feeds, as multiplied
}
export interface ReferenceGradients extends Weights {
  x: Mat;
  state0: ByName<Vec>;
  probe: Mat; // [T, S·H]: δs_t
}

export const fill = (n: number, f: (i: number) => number): Vec => Array.from({ length: n }, (_, i) => f(i));
const sum = (n: number, f: (i: number) => number): number => {
  let total = 0;
  for (let i = 0; i < n; i++) total += f(i);
  return total;
};
const named = <T>(names: readonly string[], f: (name: string) => T): ByName<T> =>
  Object.fromEntries(names.map((name) => [name, f(name)]));
const unit = (o: ByName<Vec>, j: number) => named(Object.keys(o), (k) => new Num(o[k]![j]!));

/** The column of gate g, unit j, in W, R and b; −1 where the gate does not read that operand. */
function columns(cell: AnyCell, H: number) {
  const { gates, input, recurrent, feeds } = cellNames(cell);
  const at = (names: readonly string[]) => (g: string, j: number) =>
    names.includes(g) ? names.indexOf(g) * H + j : -1;
  return { W: at(input), R: at(recurrent), b: at(gates), fed: (g: string) => feeds.includes(g) };
}

const order = (T: number, reverse?: boolean) => fill(T, (n) => (reverse ? T - 1 - n : n));

/** Forward over a whole sequence in float64. */
export function forwardReference(cell: AnyCell, p: Weights, q: Sequence): Trace {
  const T = q.x.length;
  const out = cell.state[0]!;
  const y: Mat = [];
  const steps: Trace['steps'] = Array(T).fill(undefined);
  let s = q.state0;
  for (const t of order(T, q.reverse)) {
    const real = q.real?.[t] ?? true;
    if (real) {
      steps[t] = forwardStep(cell, p, q, s, t);
      s = steps[t].after;
    }
    s = addProbe(cell, s, q.probe?.[t]);
    y[t] = s[out]!.map((v) => (real || q.padding === 'hold' ? v : 0));
  }
  return { y, final: s, steps };
}

const addProbe = (cell: AnyCell, s: ByName<Vec>, probe?: Vec): ByName<Vec> =>
  probe
    ? named(cell.state, (k) => s[k]!.map((v, j) => v + probe[cell.state.indexOf(k) * s[k]!.length + j]!))
    : s;

function forwardStep(cell: AnyCell, p: Weights, q: Sequence, s: ByName<Vec>, t: number): Step {
  const h0 = s[cell.state[0]!]!;
  const H = h0.length;
  const at = columns(cell, H);
  const drop = q.drop?.[t] ?? fill(H, () => 1);
  const h = h0.map((v, j) => v * drop[j]!);
  // a_g = x_t W_g + v R_g + b_g,  v = h or u
  const a = (g: string, j: number, v: Vec) =>
    p.b[at.b(g, j)]! +
    (at.W(g, j) < 0 ? 0 : sum(q.x[t]!.length, (i) => q.x[t]![i]! * p.W[i]![at.W(g, j)]!)) +
    (at.R(g, j) < 0 ? 0 : sum(H, (k) => v[k]! * p.R[k]![at.R(g, j)]!));
  const free = cell.gates.filter((g) => !at.fed(g));
  let A = fill(H, (j) => j).map((j) => named(free, (g) => new Num(a(g, j, h))));
  let u = h;
  if (cell.operand) {
    const { forward } = cell.operand;
    u = A.map((aj, j) => forward<Num>(aj, unit(s, j)).v * drop[j]!);
    const fed = cell.gates.filter(at.fed);
    A = A.map((aj, j) => ({ ...aj, ...named(fed, (g) => new Num(a(g, j, u))) }));
  }
  const made = A.map((aj, j) => cell.forward<Num>(aj, unit(s, j), unit(p.vectors, j)));
  // s_t = m ⊗ s_{t-1} + (1 − m) ⊗ s̃_t
  const after = named(cell.state, (k) =>
    made.map(({ next }, j) => {
      const m = q.hold?.[k]?.[t]?.[j] ?? 0;
      return m * s[k]![j]! + (1 - m) * next[k]!.v;
    }),
  );
  return { before: s, after, saved: made.map((o) => o.saved as ByName<Num>), h, u };
}

/** Backpropagation through time in float64, from the trace of `forwardReference`. */
export function backwardReference(
  cell: AnyCell,
  p: Weights,
  q: Sequence,
  trace: Trace,
  upstream: Upstream,
): ReferenceGradients {
  const T = q.x.length;
  const H = trace.y[0]!.length;
  const out = cell.state[0]!;
  const g = emptyGradients(cell, p, q, H);
  let d: ByName<Vec> = named(cell.state, (k) => [...upstream.final[k]!]);
  for (const t of order(T, q.reverse).reverse()) {
    const step = trace.steps[t];
    // δh_t += dY_t, where y_t shows h_t
    if (step || q.padding === 'hold') d[out] = d[out]!.map((v, j) => v + upstream.y[t]![j]!);
    g.probe[t] = cell.state.flatMap((k) => d[k]!);
    if (step) d = backwardStep(cell, p, q, step, d, t, g);
  }
  g.state0 = d;
  return g;
}

function emptyGradients(cell: AnyCell, p: Weights, q: Sequence, H: number): ReferenceGradients {
  const zeros = (m: Mat) => m.map((row) => row.map(() => 0));
  return {
    x: zeros(q.x),
    W: zeros(p.W),
    R: zeros(p.R),
    b: p.b.map(() => 0),
    vectors: named(Object.keys(p.vectors), () => fill(H, () => 0)),
    state0: named(cell.state, () => fill(H, () => 0)),
    probe: [],
  };
}

/** δs_t → δs_{t-1}; adds the step's share to the weight gradients. */
function backwardStep(
  cell: AnyCell,
  p: Weights,
  q: Sequence,
  { before, saved, h, u }: Step,
  d: ByName<Vec>,
  t: number,
  total: ReferenceGradients,
): ByName<Vec> {
  const H = h.length;
  const at = columns(cell, H);
  const da = fill(p.b.length, () => 0);
  const prev = named(cell.state, () => fill(H, () => 0));
  const put = (r: ReturnType<AnyCell['backward']>, j: number) => {
    for (const [g, v] of Object.entries(r.gates)) da[at.b(g, j)]! += (v as unknown as Num).v;
    for (const [k, v] of Object.entries(r.prev)) prev[k]![j]! += (v as unknown as Num).v;
    for (const [k, v] of Object.entries(r.vectors ?? {})) total.vectors[k]![j]! += (v as unknown as Num).v;
  };
  for (let j = 0; j < H; j++) {
    const m = (k: string) => q.hold?.[k]?.[t]?.[j] ?? 0;
    for (const k of cell.state) prev[k]![j]! += m(k) * d[k]![j]!;
    const dn = named(cell.state, (k) => new Num((1 - m(k)) * d[k]![j]!));
    put(cell.backward<Num>(dn, saved[j]!, unit(before, j), unit(p.vectors, j)) as never, j);
  }
  // δv = (δa Rᵀ) ⊗ drop, over the gates that read v
  const through = (fed: boolean, k: number) =>
    (q.drop?.[t]?.[k] ?? 1) *
    cell.gates
      .filter((g) => at.fed(g) === fed && at.R(g, 0) >= 0)
      .reduce((s, g) => s + sum(H, (j) => da[at.b(g, j)]! * p.R[k]![at.R(g, j)]!), 0);
  if (cell.operand) {
    const du = fill(H, (j) => through(true, j));
    for (let j = 0; j < H; j++)
      put(cell.operand.backward<Num>(new Num(du[j]!), saved[j]!, unit(before, j)) as never, j);
  }
  const out = prev[cell.state[0]!]!;
  for (let j = 0; j < H; j++) out[j]! += through(false, j);
  addProducts(cell, p, q.x[t]!, { h, u, da }, t, total);
  return prev;
}

/** dX = δA Wᵀ,  dW = Xᵀ δA,  dR = H₋₁ᵀ δA,  db = Σ δA, one step's share. */
function addProducts(
  cell: AnyCell,
  p: Weights,
  x: Vec,
  { h, u, da }: { h: Vec; u: Vec; da: Vec },
  t: number,
  total: ReferenceGradients,
): void {
  const H = h.length;
  const at = columns(cell, H);
  for (const g of cell.gates) {
    for (let j = 0; j < H; j++) {
      const a = da[at.b(g, j)]!;
      total.b[at.b(g, j)]! += a;
      const [w, r] = [at.W(g, j), at.R(g, j)];
      if (w >= 0) {
        for (let i = 0; i < x.length; i++) {
          total.W[i]![w]! += x[i]! * a;
          total.x[t]![i]! += a * p.W[i]![w]!;
        }
      }
      if (r >= 0) for (let k = 0; k < H; k++) total.R[k]![r]! += (at.fed(g) ? u : h)[k]! * a;
    }
  }
}
