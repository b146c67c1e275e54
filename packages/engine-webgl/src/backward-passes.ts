import { type Facts, leavesOf } from './facts.js';
import type { Limits } from './limits.js';
import { type Pass, Source, stepRows } from './source.js';
import {
  addTransposed,
  cellStatements,
  dropFactor,
  held,
  readMask,
  readState,
  whereReal,
  zero,
} from './step-parts.js';

export interface BackwardPasses {
  /** One after another at every step, t = T…1. */
  readonly step: readonly Pass[];
  /** δ of the first state before the first step. */
  readonly first: Pass;
  /** δw of the vectors, by step. */
  readonly vectors: readonly Pass[];
  /** Whether δs of every step is kept. */
  readonly keepsDeltas: boolean;
}

/** An output: δa of gate q, what reaches δs_{t−1} of state k directly (dp), δs_t (ds), δw of vector k (dw). */
interface Output {
  readonly kind: 'da' | 'dp' | 'ds' | 'dw';
  readonly k: number;
}
const sheetOf = ({ kind, k }: Output): string => `${kind}${k}`;

export function backwardPasses(f: Facts, { targets, samplers }: Limits): BackwardPasses {
  const { program: p } = f;
  const fits = (pass: Pass) => pass.outputs.length <= targets && pass.samplers.length <= samplers;
  const all = (kind: Output['kind'], n: number): Output[] =>
    Array.from({ length: n }, (_, k) => ({ kind, k }));
  const late = p.operandBackward;
  const gates = all('da', p.gates.length);
  // gates that wait for δu are written by a draw of their own
  const waits = gates.filter(({ k }) => (late?.gates[k] ?? -1) >= 0);
  const direct = all('dp', p.state.length).filter(({ k }) => k > 0 || f.direct[0]);
  const prompt = [...gates.filter((o) => !waits.includes(o)), ...(late ? [] : direct)];
  const deltas = all('ds', p.state.length);
  const keep = f.probe || p.vectors.length > 0 || late !== null;
  const one = stepPass(f, [...prompt, ...(keep ? deltas : [])], 'product');
  const rest = (outputs: readonly Output[], from: From) => split(f, outputs, from, fits);
  const two = !fits(one);
  return {
    step: [
      ...(two ? [...rest(deltas, 'product'), ...rest(prompt, 'kept')] : [one]),
      ...(late ? rest([...waits, ...direct], 'operand') : []),
    ],
    first: firstPass(f),
    vectors: rest(all('dw', p.vectors.length), 'kept'),
    keepsDeltas: keep || two,
  };
}

/** Where δs_t comes from: worked out, or kept by an earlier draw; `operand` adds the share of δu. */
type From = 'product' | 'kept' | 'operand';

function split(f: Facts, outputs: readonly Output[], from: From, fits: (pass: Pass) => boolean): Pass[] {
  const passes: Pass[] = [];
  let group: Output[] = [];
  for (const o of outputs) {
    const longer = [...group, o];
    if (group.length === 0 || fits(stepPass(f, longer, from))) group = longer;
    else {
      passes.push(stepPass(f, group, from));
      group = [o];
    }
  }
  return group.length === 0 ? passes : [...passes, stepPass(f, group, from)];
}

/** A step back: δs_t → the outputs. */
function stepPass(f: Facts, outputs: readonly Output[], from: From): Pass {
  const { program: p } = f;
  const source = new Source();
  const roots = outputs.flatMap((o) => rootsOf(f, o, from));
  const leaves = leavesOf(p, roots);
  const at = (op: string) => leaves.filter((leaf) => leaf.op === op).map(({ a }) => a);
  const passing = outputs
    .filter(({ kind, k }) => kind === 'dp' && (f.zoned[k] || f.masked))
    .map(({ k }) => k);
  const states = new Set([
    ...outputs.filter(({ kind }) => kind === 'ds').map(({ k }) => k),
    ...at('dstate'),
    ...passing,
  ]);
  source.line(stepRows);
  if (f.masked) readMask(source, f);
  for (const k of states) (from === 'product' ? workOutDelta : readDelta)(source, f, k);
  for (const k of states) splitByZoneout(source, f, k);
  for (const k of at('state')) readState(source, k);
  for (const k of at('saved')) readSaved(source, f, k);
  if (at('du').length > 0) {
    source.line(`vec4 du = ${zero};`);
    addTransposed(source, f, f.feeds, 'now', 'du');
    if (f.dropout) source.line(`du *= ${dropFactor(source, f, 'n')};`);
  }
  const cell = cellStatements(source, f);
  const sum = (o: Output, extra: readonly string[] = []) =>
    [...extra, ...rootsOf(f, o, from).map((root) => cell.value(root)!)].join(' + ') || zero;
  const values = outputs.map((o) => {
    if (o.kind === 'ds') return `d${o.k}`;
    if (o.kind !== 'dp') return f.masked ? whereReal(`(${sum(o)})`, zero) : sum(o);
    const value = sum(o, f.zoned[o.k] ? [`f${o.k}`] : []);
    return f.masked ? whereReal(`(${value})`, `d${o.k}`) : value;
  });
  source.line(cell.take());
  values.forEach((value, k) => {
    source.line(`out${k} = ${value};`);
  });
  return source.finish(outputs.map(sheetOf), p.state.length);
}

function rootsOf({ program: p }: Facts, { kind, k }: Output, from: From): number[] {
  const late = from === 'operand' ? p.operandBackward : null;
  const roots: (number | undefined)[] = {
    da: [p.backward.gates[k], late?.gates[k]],
    dp: [p.backward.prev[k], late?.prev[k]],
    dw: [p.backward.vectors[k]],
    ds: [],
  }[kind];
  return roots.filter((root): root is number => root !== undefined && root >= 0);
}

/** d ← δs_t: what arrived at the outputs, what step t+1 sent back directly, and δa_{t+1} Rᵀ. */
function workOutDelta(source: Source, f: Facts, k: number): void {
  if (k > 0) {
    // after the last step lies what arrived at the final state
    source.line(`vec4 d${k} = ${source.texel(`dp${k}`, 'after', 'j', 'r.w != 0 ? y + r.z : g')};`);
    return;
  }
  source.line(`vec4 d0 = ${source.texel('dY', 'one', 'j', 'z')};`, 'if (r.w != 0) {', `vec4 hR = ${zero};`);
  addTransposed(source, f, f.readsH, 'after', 'hR');
  if (f.dropout && f.readsH.length > 0) source.line(`hR *= ${dropFactor(source, f, 'n + 1')};`);
  source.line('d0 += hR;');
  if (f.direct[0]) source.line(`d0 += ${source.texel('dp0', 'after', 'j', 'y + r.z')};`);
  source.line('}');
}

const readDelta = (source: Source, _: Facts, k: number): void =>
  source.line(`vec4 d${k} = ${source.texel(`ds${k}`, 'now', 'j', 'y')};`);

/** d → e, what goes into the cell's backward, and f, what passes by it. */
function splitByZoneout(source: Source, f: Facts, k: number): void {
  if (!f.zoned[k]) {
    source.line(`vec4 e${k} = d${k};`);
  } else if (f.zoneout === 'expect') {
    const rate = `holdRate[${k}]`;
    source.line(`vec4 e${k} = d${k} * (1. - ${rate}), f${k} = d${k} * ${rate};`);
  } else {
    source.line(
      `bvec4 held${k} = ${held(source, f, k)};`,
      `vec4 e${k} = mix(d${k}, ${zero}, held${k}), f${k} = mix(${zero}, d${k}, held${k});`,
    );
  }
}

function readSaved(source: Source, f: Facts, k: number): void {
  const place = f.savedAt[k]!;
  const sheet = 'sheet' in place ? place.sheet : `s${place.state}`;
  source.line(`vec4 v${k} = ${source.texel(sheet, 'now', 'j', 'y')};`);
}

/** δh_0, at n = −1: the direct part and δa_1 Rᵀ. */
function firstPass(f: Facts): Pass {
  const source = new Source();
  source.line('int g = y;', `vec4 d0 = ${zero};`);
  addTransposed(source, f, f.readsH, 'after', 'd0');
  if (f.dropout && f.readsH.length > 0) source.line(`d0 *= ${dropFactor(source, f, '0')};`);
  if (f.direct[0]) source.line(`d0 += ${source.texel('dp0', 'after', 'j', 'y + r.z')};`);
  source.line('out0 = d0;');
  return source.finish(['d0'], f.program.state.length);
}
