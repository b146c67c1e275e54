import { type AnyCell, cellNames, type Random } from '@gatewise/core';
import { type Arithmetic, Num, type ProgramNode, recordProgram, stage } from '@gatewise/recurrence';
import { backwardAt, randomPoint } from './pointwise.js';

const arithmetic: Arithmetic<Num> = {
  add: (a, b) => a.add(b),
  sub: (a, b) => a.sub(b),
  mul: (a, b) => a.mul(b),
  neg: (a) => a.neg(),
  sigmoid: (a) => a.sigmoid(),
  tanh: (a) => a.tanh(),
  relu: (a) => a.relu(),
  step: (a) => a.step(),
};

/**
 * The largest difference between a cell and the program recorded from it, evaluated in float64 at a random point:
 * operand, next states, what is saved, both backward functions. Constants of a program are float32.
 */
export function programError(cell: AnyCell, random: Random): number {
  const p = recordProgram(cell);
  const { state, gates, saved, vectors } = cellNames(cell);
  const point = randomPoint(cell, random);
  const number = (o: Readonly<Record<string, number>>) => (k: string) => new Num(o[k]!);
  const all = (names: readonly string[], o: Readonly<Record<string, number>>) =>
    Object.fromEntries(names.map((k) => [k, number(o)(k)]));
  const forward = cell.forward<Num>(all(gates, point.a), all(state, point.s), all(vectors, point.w));
  const { main, operand } = backwardAt(cell, point);
  const leaf = ({ op, a }: ProgramNode): Num => {
    const leaves = {
      const: () => new Num(p.constants[a]!),
      gate: () => number(point.a)(gates[a]!),
      state: () => number(point.s)(state[a]!),
      vector: () => number(point.w)(vectors[a]!),
      saved: () => forward.saved[saved[a]!]!,
      dstate: () => number(point.d)(state[a]!),
      du: () => new Num(point.du),
    };
    return leaves[op as keyof typeof leaves]();
  };
  const free = gates.filter((g) => !cell.operand?.feeds.includes(g));
  const u = cell.operand?.forward<Num>(all(free, point.a), all(state, point.s));
  const pairs: [number, Num | undefined][] = [
    [p.operand, u],
    ...pair(p.next, state, forward.next),
    ...pair(p.save, saved, forward.saved),
    ...pair(p.backward.gates, gates, main.gates),
    ...pair(p.backward.prev, state, main.prev),
    ...pair(p.backward.vectors, vectors, main.vectors),
    ...pair(p.operandBackward?.gates ?? [], gates, operand?.gates),
    ...pair(p.operandBackward?.prev ?? [], state, operand?.prev),
  ];
  const value = stage(
    p,
    pairs.map(([root]) => root),
  ).run(arithmetic, leaf);
  return Math.max(...pairs.map(([root, direct]) => Math.abs((value(root)?.v ?? 0) - (direct?.v ?? 0))));
}

const pair = (
  roots: readonly number[],
  names: readonly string[],
  values: Readonly<Record<string, Num>> | undefined,
) => roots.map((root, k): [number, Num | undefined] => [root, values?.[names[k]!]]);
