import { choose, constant, type Statements, statements } from '@gatewise/shader';
import type { Kernel } from './device.js';
import { blockPart, blockType } from './pack.js';
import { type Block, blocksOf, type Field, type Plan } from './plan.js';
import {
  functions,
  heldText,
  loop,
  opening,
  stepHead,
  sweepParameters,
  vectorLeaf,
  type Words,
  wordsOf,
} from './sweep.js';
import { kernel } from './wgsl.js';

/**
 * Steps [from, to) of the forward sweep, by workgroups of `lanes` rows that run on their own: their states lie in
 * registers, the operand of R in workgroup memory. Buffers: Z [B·T, inputs·H] (or W and ids), R, V; states S [S,B,H],
 * Y [B,T,H], Q [fields,B·T,H].
 */
export function forwardKernel(plan: Plan): Kernel {
  const { program: p, H, threads, units, record, ids } = plan;
  const w = wordsOf(plan);
  const recurs = p.recurrent.length > 0;
  return kernel({
    parameters: sweepParameters(plan),
    read: ['Z', ...(ids ? ['ids:i32'] : []), ...(recurs ? [`R:${blockType(plan)}`] : []), 'V:u32'],
    write: ['S', 'Y', ...(record ? ['Q'] : [])],
    head: `${functions(plan)}\nvar<workgroup> hs: array<${w.float}, ${recurs ? H : 1}>;`,
    threads,
    body: [
      opening(plan, w),
      ...w.own.map((j) => startUnit(plan, w, j)),
      'for (var i = P.start; i < P.end; i++) {',
      stepHead(plan, w),
      step(plan, w, units),
      '}',
      ...w.own.flatMap((j) =>
        p.state.map((_, k) =>
          w.store(j, (q) => `S[(${k}u * P.B + row${q}) * ${H}u + u${j}] = s${j}_${k}${q};`),
        ),
      ),
    ].join('\n'),
  });
}

function startUnit({ program: p, H, given }: Plan, w: Words, j: number): string {
  const states = p.state.map((_, k) => {
    const load = w.gather((q) => `S[(${k}u * P.B + row${q}) * ${H}u + u${j}]`);
    if (given[k]) return `var s${j}_${k} = ${load};`;
    // zeros, and later dispatches go on from S
    return `var s${j}_${k} = ${w.float}(); if (P.start > 0u) { s${j}_${k} = ${load}; }`;
  });
  const biases = p.gates.map(
    (_, g) => `let b${j}_${g} = ${w.float}(bitcast<f32>(V[P.o_b + ${g * H}u + u${j}]));`,
  );
  return [...states, ...biases].join('\n');
}

function step(plan: Plan, w: Words, units: number): string {
  const { program: p, language: l } = plan;
  const cells = Array.from({ length: units }, (_, j) =>
    statements(
      l,
      p,
      (node) => {
        if (node.op === 'gate') return `a${j}_${node.a}`;
        return node.op === 'state' ? `s${j}_${node.a}` : vectorLeaf(j, node);
      },
      `n${j}_`,
    ),
  );
  return [
    ...w.own.map((j) => preActivations(plan, w, j)),
    ...products(plan, w, cells),
    ...w.own.map((j) => finish(plan, w, j, cells[j]!)),
  ].join('\n');
}

/** h R for the gates that do not wait, then u R for those that do. */
function products(plan: Plan, w: Words, cells: readonly Statements[]): string[] {
  const { program: p, readsH, feeds, drop, fields } = plan;
  const { h, u } = blocksOf(plan);
  const dropped = (value: string, j: number) => (drop === 'none' ? value : `${value} * drop${j}`);
  const keep = (kind: Field['kind'], name: string) => {
    const at = fields.findIndex((f) => f.kind === kind);
    return at < 0 ? [] : w.own.map((j) => storeField(plan, w, j, at, `${name}${j}`));
  };
  const state = (j: number) => `let h${j} = ${dropped(`s${j}_0`, j)};`;
  const operand = (j: number) => {
    const value = cells[j]!.value(p.operand)!;
    return `${cells[j]!.take()}\nlet op${j} = ${dropped(`(${value})`, j)};`;
  };
  return [
    ...(readsH.length > 0 ? [product(plan, w, h, state, 'h'), ...keep('h', 'h')] : []),
    ...(p.operand >= 0 && feeds.length > 0 ? [product(plan, w, u, operand, 'op'), ...keep('u', 'op')] : []),
  ];
}

/** a = b + x W; with ids, row x of W. Zero where there is no such row, and where x is masked: it may be NaN there. */
function preActivations({ program: p, language: l, H, ids, masked }: Plan, w: Words, j: number): string {
  const width = p.input.length * H;
  const lines = p.gates.map((g, k) => {
    const c = p.input.indexOf(g);
    if (c < 0) return `var a${j}_${k} = b${j}_${k};`;
    const z = w.gather((q) => `Z[z${j}${q} + ${c * H}u]`);
    const read = ids
      ? choose(l, 'known', z, constant(l, 0))
      : masked
        ? choose(l, 'real', z, constant(l, 0))
        : z;
    return `var a${j}_${k} = b${j}_${k} + ${read};`;
  });
  if (p.input.length === 0) return lines.join('\n');
  const found = w.truth((q) => `(ids[at${q}] >= 0 && ids[at${q}] < i32(P.I))`);
  const row = ids
    ? l.lanes === 4
      ? `vec4<u32>(${['x', 'y', 'z', 'w'].map((q) => `select(0u, u32(ids[at.${q}]), known.${q})`).join(', ')})`
      : 'select(0u, u32(ids[at]), known)'
    : 'at';
  const known = ids && j === 0 ? [`let known = ${found}${masked ? ' & real' : ''};`] : [];
  return [...known, `let z${j} = ${row} * ${width}u + u${j};`, ...lines].join('\n');
}

/** Shares the operand, and adds operand · R to the gates. */
function product(
  plan: Plan,
  w: Words,
  blocks: readonly Block[],
  open: (j: number) => string,
  name: string,
): string {
  const { program: p, H } = plan;
  const body = (k: string) =>
    [
      `let v = hs[${k}];`,
      ...w.own.flatMap((j) =>
        blocks.flatMap(({ gates, at }) => [
          `let r${j}_${at} = R[(${at * H}u + ${k}) * ${H}u + u${j}];`,
          ...gates.map((g, n) => `a${j}_${p.gates.indexOf(g)} += v * r${j}_${at}${blockPart(plan, n)};`),
        ]),
      ),
    ].join(' ');
  return [
    ...w.own.flatMap((j) => [open(j), w.guarded(j, `hs[u${j}] = ${name}${j};`)]),
    'workgroupBarrier();',
    loop(H, body),
    'workgroupBarrier();',
  ].join('\n');
}

/** The cell, what is kept of it, zoneout, the mask, y. */
function finish(plan: Plan, w: Words, j: number, cell: Statements): string {
  const { program: p, language: l, H, fields, masked, zeros, zone } = plan;
  const next = p.next.map((root) => cell.value(root)!);
  const kept = fields.flatMap((f, at) => {
    if (f.kind === 'node') return [storeField(plan, w, j, at, cell.value(f.node)!)];
    return f.kind === 'state' ? [storeField(plan, w, j, at, `s${j}_${f.state}`)] : [];
  });
  const states = next.map((value, k) => {
    const s = `s${j}_${k}`;
    let result = value;
    if (zone[k] === 'expect') result = `${s} * P.rho${k} + ${value} * P.keep${k}`;
    else if (zone[k] !== 'none') result = choose(l, heldText(plan, w, j, k), s, value);
    return `let t${j}_${k} = ${masked ? choose(l, 'real', result, s) : result};`;
  });
  const y = zeros ? choose(l, 'real', `s${j}_0`, constant(l, 0)) : `s${j}_0`;
  return [
    cell.take(),
    ...kept,
    ...states,
    ...next.map((_, k) => `s${j}_${k} = t${j}_${k};`),
    `let y${j} = ${y};`,
    w.store(j, (q) => `Y[at${q} * ${H}u + u${j}] = y${j}${q};`),
  ].join('\n');
}

const storeField = ({ H, language: l }: Plan, w: Words, j: number, at: number, value: string): string => {
  const v = l.lanes === 1 ? value : `(${value})`;
  return w.store(j, (q) => `Q[(${at}u * P.B * P.T + at${q}) * ${H}u + u${j}] = ${v}${q};`);
};
