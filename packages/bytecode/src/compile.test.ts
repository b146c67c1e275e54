import { gru, gruResetAfter, lstm, lstmOriginal, vanilla } from '@gatewise/cells';
import { type AnyCell, cellNames, random } from '@gatewise/core';
import { Num, recordProgram } from '@gatewise/recurrence';
import { describe, expect, it } from 'vitest';
import { Kind, Op } from './bytecode.js';
import { supports } from './call.js';
import { compile, type Plan, type Variant } from './compile.js';

/** What lies in a slot, by `kind index`. */
type Slots = Map<string, number>;
const key = (kind: number, index: number) => `${kind} ${index}`;

const arithmetic: Record<keyof typeof Op, (a: number, b: number, c: number) => number> = {
  mov: (a) => a,
  zero: () => 0,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  neg: (a) => -a,
  sigmoid: (a) => 1 / (1 + Math.exp(-a)),
  tanh: (a) => Math.tanh(a),
  relu: (a) => Math.max(a, 0),
  step: (a) => Number(a > 0),
  mad: (a, b, c) => a * b + c,
  nmad: (a, b, c) => c - a * b,
};

/** Runs a stage (0 operand, 1 forward, 2 backward, 3 operand backward) on single numbers. */
function run({ words }: Plan, which: number, slots: Slots): void {
  const [S, G] = words as unknown as [number, number];
  const lengths = words.subarray(7, 11);
  const first = lengths.subarray(0, which).reduce((n, length) => n + length, 0);
  let at = 11 + 3 * G + S + 5 * first;
  for (let i = 0; i < lengths[which]!; i++, at += 5) {
    const [op, ...operands] = words.subarray(at, at + 5);
    const names = operands.map((word) => key(word >> 16, word & 0xffff));
    const [a, b, c] = names.slice(1).map((name) => slots.get(name) ?? Number.NaN) as [number, number, number];
    const name = (Object.keys(Op) as (keyof typeof Op)[]).find((known) => Op[known] === op)!;
    slots.set(names[0]!, arithmetic[name](a, b, c));
  }
}

const cells = [vanilla, lstmOriginal, lstm, gru, gruResetAfter].map((cell) => cell as unknown as AnyCell);
const variants: Variant[] = [
  { record: true, zoneout: false },
  { record: true, zoneout: true },
];

describe.each(cells.map((cell) => [cell.name, cell] as const))('the plan of %s', (_, cell) => {
  const names = cellNames(cell);
  const r = random(3);
  const draw = (of: readonly string[]) => Object.fromEntries(of.map((name) => [name, new Num(r.normal())]));
  const [a, s, w, d] = [draw(names.gates), draw(names.state), draw(names.vectors), draw(names.state)];
  const du = new Num(r.normal());

  it.each(variants)('computes what the cell says: %o', (variant) => {
    const plan = compile(recordProgram(cell), variant);
    const slots: Slots = new Map();
    const put = (kind: number, of: readonly string[], values: Record<string, Num>) =>
      of.forEach((name, k) => {
        slots.set(key(kind, k), values[name]!.v);
      });
    const expectAll = (kind: number, of: readonly string[], values: Record<string, Num | undefined>) =>
      of.forEach((name, k) => {
        expect(slots.get(key(kind, k)), name).toBeCloseTo(values[name]?.v ?? 0, 5);
      });
    plan.constants.forEach((value, k) => {
      slots.set(key(Kind.constant, k), value);
    });
    put(Kind.gate, names.gates, a);
    put(Kind.state, names.state, s);
    put(Kind.vector, names.vectors, w);
    run(plan, 0, slots);
    if (cell.operand) expect(slots.get(key(Kind.u, 0))).toBeCloseTo(cell.operand.forward(a, s).v, 5);
    run(plan, 1, slots);
    const forward = cell.forward(a, s, w);
    expectAll(Kind.next, names.state, forward.next);

    for (const k of names.gates.keys()) slots.delete(key(Kind.gate, k)); // backward does not see them
    put(Kind.dstate, names.state, d);
    run(plan, 2, slots);
    const backward = cell.backward(d, forward.saved, s, w);
    expectAll(Kind.gate, names.gates, backward.gates);
    expectAll(Kind.previous, names.state, backward.prev);
    if (!cell.operand) return;
    slots.set(key(Kind.du, 0), du.v);
    run(plan, 3, slots);
    const more = cell.operand.backward(du, forward.saved, s);
    const sum = (
      x: Record<string, Num | undefined>,
      y: Record<string, Num | undefined>,
      of: readonly string[],
    ) => Object.fromEntries(of.map((name) => [name, new Num((x[name]?.v ?? 0) + (y[name]?.v ?? 0))]));
    expectAll(Kind.gate, names.gates, sum(backward.gates, more.gates ?? {}, names.gates));
    expectAll(Kind.previous, names.state, sum(backward.prev, more.prev ?? {}, names.state));
  });

  it('is made once, and keeps nothing for backward when nothing is recorded', () => {
    const program = recordProgram(cell);
    const plan = compile(program, { record: false, zoneout: false });
    expect(compile(program, { record: false, zoneout: false })).toBe(plan);
    const [S, G] = plan.words as unknown as [number, number];
    expect([plan.words[4], plan.words[9], plan.words[10]]).toEqual([0, 0, 0]); // saved fields, backward stages
    expect([...plan.words.subarray(11 + 3 * G, 11 + 3 * G + S)]).toEqual(Array(S).fill(0));
    expect(supports({ program } as never)).toBe(true);
  });
});
