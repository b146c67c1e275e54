import { type AnyCell, cellNames, type Random } from '@gatewise/core';
import { Dual, Num } from '@gatewise/recurrence';

type Numbers = Record<string, number>;

/** One point at which a cell's pointwise pair is compared: pre-activations, states, vectors, cotangents. */
export interface Point {
  a: Numbers;
  s: Numbers;
  w: Numbers;
  d: Numbers;
  du: number;
}
type Kind = 'a' | 's' | 'w';

const map = <T, U>(o: Record<string, T>, f: (v: T, k: string) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(o).map(([k, v]) => [k, f(v, k)]));
const nums = (o: Numbers) => map(o, (v) => new Num(v));

export function randomPoint(cell: AnyCell, random: Random): Point {
  const { gates, state, vectors } = cellNames(cell);
  const pick = (names: readonly string[], scale: number) =>
    Object.fromEntries(names.map((k) => [k, scale * (2 * random.uniform() - 1)]));
  return { a: pick(gates, 3), s: pick(state, 1), w: pick(vectors, 1), d: pick(state, 1), du: random.uniform() };
}

/** What the cell's backward, and its operand's, give at a point. */
export function backwardAt(cell: AnyCell, p: Point) {
  const saved = cell.forward<Num>(nums(p.a), nums(p.s), nums(p.w)).saved;
  return {
    main: cell.backward<Num>(nums(p.d), saved, nums(p.s), nums(p.w)),
    operand: cell.operand?.backward<Num>(new Num(p.du), saved, nums(p.s)),
  };
}

/** Every entry of a backward at one point, by name: what the author wrote and what dual numbers give. */
function compare(cell: AnyCell, p: Point): { name: string; written: number; exact: number }[] {
  const { main: back, operand: through } = backwardAt(cell, p);
  const dual = (kind: Kind, name: string) => {
    const on = (k: Kind) => map(p[k], (v, n) => new Dual(v, k === kind && n === name ? 1 : 0));
    return { a: on('a'), s: on('s'), w: on('w') };
  };
  // Σ_k δs_k ∂s_k/∂v
  const exact = (kind: Kind, name: string) => {
    const { a, s, w } = dual(kind, name);
    const { next } = cell.forward<Dual>(a, s, w);
    return cell.state.reduce((t, k) => t + p.d[k]! * next[k]!.d, 0);
  };
  const { gates, state, vectors } = cellNames(cell);
  const rows = [
    ...gates.map((n) => ({ name: `gates.${n}`, written: back.gates[n]?.v ?? 0, exact: exact('a', n) })),
    ...state.map((n) => ({ name: `prev.${n}`, written: back.prev[n]?.v ?? 0, exact: exact('s', n) })),
    ...vectors.map((n) => ({ name: `vectors.${n}`, written: back.vectors?.[n]?.v ?? 0, exact: exact('w', n) })),
  ];
  if (!cell.operand || !through) return rows;
  const { feeds, forward } = cell.operand;
  // δu ∂u/∂v
  const operand = (kind: Kind, name: string) => {
    const { a, s } = dual(kind, name);
    const free = Object.fromEntries(Object.entries(a).filter(([n]) => !feeds.includes(n)));
    return p.du * forward<Dual>(free, s).d;
  };
  return [
    ...rows,
    ...gates.map((n) => ({
      name: `operand.gates.${n}`,
      written: through.gates[n]?.v ?? 0,
      exact: feeds.includes(n) ? 0 : operand('a', n),
    })),
    ...state.map((n) => ({
      name: `operand.prev.${n}`,
      written: through.prev[n]?.v ?? 0,
      exact: operand('s', n),
    })),
  ];
}

/**
 * The largest |written − exact| between a cell's backward (and its operand's) and dual numbers through its forward,
 * over random points; `at` names the entry.
 */
export function pointwiseError(cell: AnyCell, random: Random, points = 50): { error: number; at: string } {
  let worst = { error: 0, at: '' };
  for (let n = 0; n < points; n++) {
    for (const { name, written, exact } of compare(cell, randomPoint(cell, random))) {
      const error = Math.abs(written - exact);
      if (!(error <= worst.error)) worst = { error, at: name };
    }
  }
  return worst;
}
