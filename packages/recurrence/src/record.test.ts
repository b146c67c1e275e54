import { gru, lstm, vanilla } from '@gatewise/cells';
import { type AnyCell, defineCell } from '@gatewise/core';
import { describe, expect, it } from 'vitest';
import { type Arithmetic, Num, type Program, recordProgram, stage } from './index.js';

const numbers: Arithmetic<number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  neg: (a) => -a,
  sigmoid: (a) => new Num(a).sigmoid().v,
  tanh: Math.tanh,
  relu: (a) => Math.max(a, 0),
  step: (a) => (a > 0 ? 1 : 0),
};

/** The program's forward on plain numbers. */
function forward(p: Program, a: number[], s: number[]): number[] {
  const value = stage(p, p.next).run(numbers, ({ op, a: at }) => {
    if (op === 'const') return p.constants[at]!;
    return op === 'gate' ? a[at]! : s[at]!;
  });
  return p.next.map((root) => value(root)!);
}

const named = (names: readonly string[], v: number[]) =>
  Object.fromEntries(names.map((n, i) => [n, new Num(v[i]!)]));

describe('recordProgram', () => {
  it('computes what the cell computes', () => {
    const [a, s] = [
      [0.3, -0.2, 0.7, 1.1],
      [0.5, -0.4],
    ];
    const want = (lstm as AnyCell).forward(named(lstm.gates, a), named(lstm.state, s), {}).next;
    expect(forward(recordProgram(lstm), a, s)).toEqual([want.h!.v, want.c!.v]);
  });

  it('makes each operation once, keeps no dead node, and shares nodes between stages', () => {
    const p = recordProgram(gru);
    const keys = p.nodes.map(({ op, a, b }) => `${op} ${a} ${b}`);
    expect(new Set(keys).size).toBe(keys.length);
    // σ(a_r) of the operand is the node that forward saves
    expect(stage(p, [p.operand]).leaves.map(({ op, a }) => `${op} ${a}`)).toEqual(['gate 1', 'state 0']);
    expect(p.nodes.filter(({ op }) => op === 'sigmoid')).toHaveLength(2);
    // saved that is also next stands once
    const v = recordProgram(vanilla);
    expect(v.save).toEqual(v.next);
  });

  it('is plain data with a stable hash that a change of the mathematics changes', () => {
    const p = recordProgram(lstm);
    expect(structuredClone(p)).toEqual(p);
    expect(JSON.parse(JSON.stringify(p))).toEqual(p);
    const changed = defineCell({
      ...lstm,
      name: 'lstm',
      forward: (a, s) => lstm.forward({ ...a, f: a.i }, s, {} as never),
    });
    expect(recordProgram(changed).hash).not.toBe(p.hash);
    expect(recordProgram(defineCell({ ...lstm, name: 'renamed' })).hash).toBe(p.hash);
    expect(p.hash).toMatch(/^[0-9a-f]{16}$/);
  });

  it('refuses what cannot be recorded, by name', () => {
    const make = (change: Partial<AnyCell>) => () => recordProgram({ ...(vanilla as AnyCell), ...change });
    expect(make({ forward: () => ({ next: {}, saved: {} }) })).toThrow(/forward next got undefined for "h"/);
    expect(make({ forward: (a) => ({ next: { h: a.g!.tanh() }, saved: {} }) })).toThrow(
      /GW_CELL_INVALID.*forward cannot be recorded/,
    );
    expect(make({ backward: (d) => ({ gates: { q: d.h! }, prev: {} }) })).toThrow(
      /backward gates returns "q", wanted one of h/,
    );
    expect(make({ backward: (d) => ({ gates: { h: d.h!.mul(1 / 0) }, prev: {} }) })).toThrow(
      /finite float32/,
    );
  });
});
