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
  return {
    a: pick(gates, 3),
    s: pick(state, 1),
    w: pick(vectors, 1),
    d: pick(state, 1),
    du: random.uniform(),
  };
}

/** What the cell's backward, and its operand's, give at a point. */
export function backwardAt(cell: AnyCell, p: Point) {
  const saved = cell.forward<Num>(nums(p.a), nums(p.s), nums(p.w)).saved;
  return {
    main: cell.backward<Num>(nums(p.d), saved, nums(p.s), nums(p.w)),
    operand: cell.operand?.backward<Num>(new Num(p.du), saved, nums(p.s)),
  };
}

interface Entry {
  name: string;
  written: number;
  exact: number;
}

/** Every entry of a backward at one point, by name: what the author wrote and what dual numbers give. */
function compare(cell: AnyCell, p: Point): Entry[] {
  const { gates, state, vectors } = cellNames(cell);
  const { main, operand } = backwardAt(cell, p);
  // Σ_k δs_k ∂s_k/∂v
  const exact = (kind: Kind) => (name: string) => {
    const { a, s, w } = dual(p, kind, name);
    const { next } = cell.forward<Dual>(a, s, w);
    return cell.state.reduce((t, k) => t + p.d[k]! * next[k]!.d, 0);
  };
  const rows = [
    ...entries('gates', gates, main.gates, exact('a')),
    ...entries('prev', state, main.prev, exact('s')),
    ...entries('vectors', vectors, main.vectors ?? {}, exact('w')),
  ];
  if (!cell.operand || !operand) return rows;
  const { feeds, forward } = cell.operand;
  // δu ∂u/∂v; the gates that u feeds are not there yet
  const through = (kind: Kind) => (name: string) => {
    if (kind === 'a' && feeds.includes(name)) return 0;
    const { a, s } = dual(p, kind, name);
    return (
      p.du * forward<Dual>(Object.fromEntries(Object.entries(a).filter(([n]) => !feeds.includes(n))), s).d
    );
  };
  return [
    ...rows,
    ...entries('operand.gates', gates, operand.gates, through('a')),
    ...entries('operand.prev', state, operand.prev, through('s')),
  ];
}

const entries = (
  part: string,
  names: readonly string[],
  written: Readonly<Record<string, Num>>,
  exact: (name: string) => number,
): Entry[] => names.map((n) => ({ name: `${part}.${n}`, written: written[n]?.v ?? 0, exact: exact(n) }));

/** The point as dual numbers, with derivative 1 at one of them. */
function dual(p: Point, kind: Kind, name: string) {
  const on = (k: Kind) => map(p[k], (v, n) => new Dual(v, k === kind && n === name ? 1 : 0));
  return { a: on('a'), s: on('s'), w: on('w') };
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
