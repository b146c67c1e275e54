import { type Facts, leavesOf } from './facts.js';
import type { Limits } from './limits.js';
import { type Pass, Source, stepRows } from './source.js';
import {
  addProduct,
  cellStatements,
  dropFactor,
  held,
  readGate,
  readMask,
  readState,
  whereReal,
} from './step-parts.js';

/** The draws of a forward pass. */
export interface ForwardPasses {
  /** One after another at every step. */
  readonly step: readonly Pass[];
  /** After the last step, over all of them at once: what backward reads and a step had no target for. */
  readonly after: readonly Pass[];
}

/** An output: state k, the operand's factor of the next step (m), the operand (u), or what is saved (v). */
type Output =
  | { readonly kind: 'state'; readonly k: number }
  | { readonly kind: 'saved'; readonly k: number }
  | { readonly kind: 'm' }
  | { readonly kind: 'u' };
const sheetOf = (o: Output): string =>
  o.kind === 'state' ? `s${o.k}` : o.kind === 'saved' ? `v${o.k}` : o.kind;

export function forwardPasses(f: Facts, { targets, samplers }: Limits): ForwardPasses {
  const { program: p } = f;
  const fits = (pass: Pass) => pass.outputs.length <= targets && pass.samplers.length <= samplers;
  const states: Output[] = p.state.map((_, k) => ({ kind: 'state', k }));
  const next: Output[] = f.dropout && f.readsH.length > 0 ? [...states, { kind: 'm' }] : states;
  const saved: Output[] = f.record
    ? f.savedRead.filter((k) => 'sheet' in f.savedAt[k]!).map((k) => ({ kind: 'saved', k }))
    : [];
  const early = p.operand < 0 ? [] : saved.filter((o) => knownEarly(f, o));
  const late = saved.filter((o) => !early.includes(o));
  const whole = stepPass(f, [...next, ...late]);
  const operand = p.operand < 0 ? [] : split(f, [{ kind: 'u' }, ...early], fits);
  if (fits(whole)) return { step: [...operand, whole], after: [] };
  return { step: [...operand, ...split(f, next, fits)], after: split(f, late, fits) };
}

/** True when it needs only the gates that the operand needs: then the first draw has them at hand. */
function knownEarly({ program: p }: Facts, o: Output): boolean {
  const gates = (root: number) =>
    leavesOf(p, [root])
      .filter(({ op }) => op === 'gate')
      .map(({ a }) => a);
  const known = new Set(gates(p.operand));
  return o.kind === 'saved' && gates(p.save[o.k]!).every((q) => known.has(q));
}

/** As few draws as the limits allow: each works out again what it needs. */
function split(f: Facts, outputs: readonly Output[], fits: (pass: Pass) => boolean): Pass[] {
  const passes: Pass[] = [];
  let group: Output[] = [];
  for (const o of outputs) {
    const longer = [...group, o];
    if (group.length === 0 || fits(stepPass(f, longer))) group = longer;
    else {
      passes.push(stepPass(f, group));
      group = [o];
    }
  }
  return group.length === 0 ? passes : [...passes, stepPass(f, group)];
}

/** A step: (a_t, s_{t−1}) → the outputs. */
function stepPass(f: Facts, outputs: readonly Output[]): Pass {
  const { program: p } = f;
  const source = new Source();
  const rootOf = (o: Output): number => {
    if (o.kind === 'u') return p.operand;
    if (o.kind === 'saved') return p.save[o.k]!;
    return p.next[o.kind === 'm' ? 0 : o.k]!;
  };
  const leaves = leavesOf(p, outputs.map(rootOf));
  const gates = leaves.filter(({ op }) => op === 'gate').map(({ a }) => a);
  const stored = new Set(outputs.flatMap((o) => (o.kind === 'state' ? [o.k] : o.kind === 'm' ? [0] : [])));
  const states = new Set([
    ...leaves.filter(({ op }) => op === 'state').map(({ a }) => a),
    ...[...stored].filter((k) => f.masked || f.zoned[k]),
  ]);
  source.line(stepRows);
  if (stored.size > 0) readMask(source, f);
  for (const k of states) readState(source, k);
  for (const q of gates) readGate(source, f, q);
  addProduct(
    source,
    f,
    f.readsH.filter((q) => gates.includes(q)),
    'h',
  );
  addProduct(
    source,
    f,
    f.feeds.filter((q) => gates.includes(q)),
    'u',
  );
  const cell = cellStatements(source, f);
  const values = outputs.map((o) => cell.value(rootOf(o))!);
  source.line(cell.take());
  for (const k of stored) {
    source.line(`vec4 h${k} = ${cell.value(p.next[k]!)!};`, ...hold(source, f, k));
  }
  outputs.forEach((o, at) => {
    const value = {
      state: () => `h${(o as { k: number }).k}`,
      saved: () => values[at]!,
      m: () => `h0 * ${dropFactor(source, f, 'n + 1')}`,
      u: () => (f.dropout ? `${values[at]} * ${dropFactor(source, f, 'n')}` : values[at]!),
    }[o.kind]();
    source.line(`out${at} = ${value};`);
  });
  return source.finish(outputs.map(sheetOf), p.state.length);
}

/** Zoneout keeps units at s_{t−1}, a masked step all of them. */
function hold(source: Source, f: Facts, k: number): string[] {
  const lines: string[] = [];
  if (f.zoned[k]) {
    const rate = `holdRate[${k}]`;
    lines.push(
      f.zoneout === 'expect'
        ? `h${k} = s${k} * ${rate} + h${k} * (1. - ${rate});`
        : `h${k} = mix(h${k}, s${k}, ${held(source, f, k)});`,
    );
  }
  if (f.masked) lines.push(`h${k} = ${whereReal(`h${k}`, `s${k}`)};`);
  return lines;
}

/** The operand of the first step: h_0 after its dropout. */
export function firstOperandPass(f: Facts): Pass {
  const source = new Source();
  source.line(
    'int g = y;',
    `out0 = ${source.texel('s0_0', 'one', 'j', 'y')} * ${dropFactor(source, f, '0')};`,
  );
  return source.finish(['m_0'], f.program.state.length);
}
