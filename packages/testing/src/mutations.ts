import type { AnyCell, Random, Value } from '@gatewise/core';
import type { Num } from '@gatewise/recurrence';
import { backwardAt, randomPoint } from './pointwise.js';

type Part = 'gates' | 'prev' | 'vectors';
type Entries = Record<string, unknown>;
type Back = { [P in Part]?: Entries | undefined };
type Change = (back: Back) => Back;

export interface Mutation {
  readonly name: string;
  readonly cell: AnyCell;
}

interface Arithmetic extends Value<unknown> {}
const edits: Record<string, (entries: Entries, key: string) => Entries> = {
  drop: (o, k) => Object.fromEntries(Object.entries(o).filter(([n]) => n !== k)),
  negate: (o, k) => ({ ...o, [k]: (o[k] as Arithmetic).neg() }),
  'scale by 1.01': (o, k) => ({ ...o, [k]: (o[k] as Arithmetic).mul(1.01) }),
};

/** Cells whose backward, or operand's backward, is wrong in one place: what a suite must notice. */
export function mutations(cell: AnyCell, random: Random): Mutation[] {
  const samples = Array.from({ length: 20 }, () => backwardAt(cell, randomPoint(cell, random)));
  const main = changes(samples.map((s) => s.main)).map(([name, change]) => ({
    name,
    cell: { ...cell, backward: wrap(cell.backward, change) } as AnyCell,
  }));
  const { operand } = cell;
  if (!operand) return main;
  const inner = changes(samples.map((s) => s.operand!)).map(([name, change]) => ({
    name: `operand: ${name}`,
    cell: { ...cell, operand: { ...operand, backward: wrap(operand.backward, change) } } as AnyCell,
  }));
  return [...main, ...inner];
}

const wrap =
  <A extends unknown[]>(f: (...args: A) => unknown, change: Change) =>
  (...args: A) =>
    change(f(...args) as Back);

/** One change per entry and edit. An entry that is 0 in every sample is left out: no edit of it is wrong. */
function changes(samples: readonly Back[]): [string, Change][] {
  const found: [string, Change][] = [];
  const at = (part: Part, key: string) => samples.map((s) => (s[part]?.[key] as Num | undefined)?.v ?? 0);
  for (const part of ['gates', 'prev', 'vectors'] as const) {
    for (const key of Object.keys(samples[0]?.[part] ?? {})) {
      if (at(part, key).every((v) => v === 0)) continue;
      for (const [what, edit] of Object.entries(edits)) {
        found.push([`${what} ${part}.${key}`, (b) => ({ ...b, [part]: edit(b[part] ?? {}, key) })]);
      }
    }
  }
  const [p, q] = Object.keys(samples[0]?.gates ?? {});
  if (p === undefined || q === undefined) return found;
  const differ = at('gates', p).some((v, n) => v !== at('gates', q)[n]);
  const swap: Change = (b) => ({ ...b, gates: { ...b.gates, [p]: b.gates?.[q], [q]: b.gates?.[p] } });
  return differ ? [...found, [`swap gates.${p} and gates.${q}`, swap]] : found;
}
