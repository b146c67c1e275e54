import { choose, constant, type Statements, statements } from '@gatewise/shader';
import type { Kernel } from './device.js';
import { blockPart, blockType } from './pack.js';
import { type Block, blocksOf, fieldOf, type Plan } from './plan.js';
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
 * Steps [from, to) of the backward sweep, last step first. Buffers: dY [B,T,H], R packed, V, Q; D: δs
 * [S,B,H], then of every workgroup its share of δb and δw [gates + vectors,H]; A: δa of the gates that read x
 * [B·T,inputs·H]; A2: of the others; dP [B,T,S·H].
 */
export function backwardKernel(plan: Plan): Kernel {
  const { program: p, H, threads, units, probe, rest, gatesAtOnce } = plan;
  const w = wordsOf(plan);
  const recurs = p.recurrent.length > 0;
  const most = Math.max(plan.readsH.length, plan.feeds.length);
  const cells = Array.from({ length: units }, (_, j) => cellOf(plan, j));
  return kernel({
    parameters: sweepParameters(plan),
    read: ['dY', ...(recurs ? [`R:${blockType(plan)}`] : []), 'V:u32', 'Q'],
    write: ['D', 'A', ...(rest.length > 0 ? ['A2'] : []), ...(probe ? ['dP'] : [])],
    head: `${functions(plan)}\nvar<workgroup> ds: array<${w.float}, ${recurs ? H * Math.min(most, gatesAtOnce) : 1}>;`,
    threads,
    body: [
      opening(plan, w),
      ...w.own.map((j) => startUnit(plan, w, j)),
      'for (var n = P.end; n > P.start; n--) {',
      'let i = n - 1u;',
      stepHead(plan, w),
      ...(onText(plan) ? [`let on = ${onText(plan)};`] : []),
      ...w.own.map((j) => cellBackward(plan, w, j, cells[j]!)),
      operandBackward(plan, w, cells),
      ...w.own.map((j) => endStep(plan, w, j)),
      '}',
      ...w.own.map((j) => endUnit(plan, w, j)),
    ].join('\n'),
  });
}

/** Which rows count at this step; empty where all do. */
const onText = ({ masked, ragged }: Plan): string =>
  [...(masked ? ['real'] : []), ...(ragged ? ['live'] : [])].join(' & ');

const selected = (plan: Plan, value: string): string =>
  onText(plan) ? choose(plan.language, 'on', value, constant(plan.language, 0)) : value;

function cellOf(plan: Plan, j: number): Statements {
  return statements(
    plan.language,
    plan.program,
    (node) => {
      if (node.op === 'dstate') return `x${j}_${node.a}`;
      if (node.op === 'du') return `du${j}`;
      if (node.op === 'vector') return vectorLeaf(j, node);
      const field = fieldOf(plan, node);
      if (typeof field === 'number') return `q${j}_${field}`;
      return field.op === 'vector'
        ? vectorLeaf(j, field)
        : constant(plan.language, plan.program.constants[field.a]!);
    },
    `n${j}_`,
  );
}

function startUnit({ program: p, H }: Plan, w: Words, j: number): string {
  return [
    ...p.state.map(
      (_, k) => `var d${j}_${k} = ${w.gather((q) => `D[(${k}u * P.B + row${q}) * ${H}u + u${j}]`)};`,
    ),
    ...p.gates.map((_, g) => `var db${j}_${g} = ${w.float}();`),
    ...p.vectors.map((_, k) => `var dw${j}_${k} = ${w.float}();`),
  ].join('\n');
}

/** δh += dY; zoneout; the cell's backward: δa into g, what goes to s_{t-1} into e. */
function cellBackward(plan: Plan, w: Words, j: number, cell: Statements): string {
  const { program: p, language: l, H, fields, zeros, probe } = plan;
  const S = p.state.length;
  const dy = w.gather((q) => `dY[at${q} * ${H}u + u${j}]`);
  const reads = fields.flatMap((f, at) => {
    const read = w.gather((q) => `Q[(${at}u * P.B * P.T + at${q}) * ${H}u + u${j}]`);
    return f.kind === 'node' || f.kind === 'state' ? [`let q${j}_${at} = ${read};`] : [];
  });
  const gates = p.backward.gates.map((root) => cell.value(root));
  const previous = p.backward.prev.map((root) => cell.value(root));
  const vectors = p.backward.vectors.map((root) => cell.value(root));
  const zero = `${w.float}()`;
  return [
    `d${j}_0 += ${zeros ? choose(l, 'real', dy, constant(l, 0)) : dy};`,
    ...(probe
      ? p.state.map((_, k) =>
          w.store(j, (q) => `dP[at${q} * ${S * H}u + ${k * H}u + u${j}] = d${j}_${k}${q};`),
        )
      : []),
    ...p.state.map((_, k) => splitByZoneout(plan, w, j, k)),
    ...reads,
    cell.take(),
    ...gates.map((value, g) => `var g${j}_${g} = ${value === null ? zero : selected(plan, value)};`),
    ...previous.map((value, k) => `var e${j}_${k} = p${j}_${k}${value === null ? '' : ` + ${value}`};`),
    ...vectors.flatMap((value, k) => (value === null ? [] : [`dw${j}_${k} += ${selected(plan, value)};`])),
  ].join('\n');
}

/** δs_t → what goes into the cell's backward (x), and what passes by it into δs_{t-1} (p). */
function splitByZoneout(plan: Plan, w: Words, j: number, k: number): string {
  const { language: l, zone } = plan;
  const [d, x, past] = [`d${j}_${k}`, `x${j}_${k}`, `p${j}_${k}`];
  const zero = constant(l, 0);
  if (zone[k] === 'none') return `let ${x} = ${d}; let ${past} = ${zero};`;
  if (zone[k] === 'expect') return `let ${x} = ${d} * P.keep${k}; let ${past} = ${d} * P.rho${k};`;
  const held = `held${j}_${k}`;
  return [
    `let ${held} = ${heldText(plan, w, j, k)};`,
    `let ${x} = ${choose(l, held, zero, d)}; let ${past} = ${choose(l, held, d, zero)};`,
  ].join('\n');
}

/** δu = δa Rᵤᵀ and its share of δa and δs_{t-1}; then δh_{t-1} += δa Rₕᵀ. */
function operandBackward(plan: Plan, w: Words, cells: readonly Statements[]): string {
  const { program: p, readsH, feeds } = plan;
  const parts: string[] = [];
  if (p.operandBackward && feeds.length > 0) {
    const { gates, prev } = p.operandBackward;
    parts.push(productBack(plan, w, blocksOf(plan).u, 'du'));
    w.own.forEach((j) => {
      const cell = cells[j]!;
      const shares = [
        ...gates.flatMap((root, g) =>
          root < 0 ? [] : [`g${j}_${g} += ${selected(plan, cell.value(root)!)};`],
        ),
        ...prev.flatMap((root, k) => (root < 0 ? [] : [`e${j}_${k} += ${cell.value(root)};`])),
      ];
      parts.push(cell.take(), ...shares);
    });
  }
  if (readsH.length > 0) {
    parts.push(productBack(plan, w, blocksOf(plan).h, 'dh'), ...w.own.map((j) => `e${j}_0 += dh${j};`));
  }
  return parts.join('\n');
}

/** What arrives at the operand: Σ over gates δa Rᵀ, as many blocks at once as workgroup memory holds. */
function productBack(plan: Plan, w: Words, blocks: readonly Block[], name: string): string {
  const { program: p, H, drop } = plan;
  const parts = w.own.map((j) => `var ${name}${j} = ${w.float}();`);
  for (const some of turnsOf(plan, blocks)) {
    const gates = some.flatMap(({ block, from, to }) =>
      block.gates.slice(from, to).map((gate, n) => ({ gate, at: block.at, part: from + n })),
    );
    const body = (k: string) =>
      [
        ...gates.map((_, at) => `let v${at} = ds[${at * H}u + ${k}];`),
        ...w.own.flatMap((j) => [
          ...some.map(({ block }) => `let r${j}_${block.at} = R[(${block.at * H}u + ${k}) * ${H}u + u${j}];`),
          ...gates.map(({ at, part }, n) => `${name}${j} += v${n} * r${j}_${at}${blockPart(plan, part)};`),
        ]),
      ].join(' ');
    const share = (j: number) =>
      gates.map(({ gate }, at) => `ds[${at * H}u + u${j}] = g${j}_${p.gates.indexOf(gate)};`).join(' ');
    parts.push(
      ...w.own.map((j) => w.guarded(j, share(j))),
      'workgroupBarrier();',
      loop(H, body),
      'workgroupBarrier();',
    );
  }
  if (drop !== 'none') parts.push(...w.own.map((j) => `${name}${j} *= drop${j};`));
  return parts.join('\n');
}

interface Part {
  readonly block: Block;
  readonly from: number;
  readonly to: number;
}
/** Blocks, or parts of one, whose gates fit workgroup memory together. */
function turnsOf({ gatesAtOnce }: Plan, blocks: readonly Block[]): Part[][] {
  const turns: Part[][] = [];
  let room = 0;
  for (const block of blocks) {
    for (let from = 0; from < block.gates.length; ) {
      if (room === 0) {
        turns.push([]);
        room = gatesAtOnce;
      }
      const to = Math.min(from + room, block.gates.length);
      turns.at(-1)!.push({ block, from, to });
      room -= to - from;
      from = to;
    }
  }
  return turns;
}

function endStep(plan: Plan, w: Words, j: number): string {
  const { program: p, language: l, H, masked, rest } = plan;
  const stores = p.gates.map((g, k) => {
    const [buffer, list] = p.input.includes(g) ? ['A', p.input] : ['A2', rest];
    const place = `${list.length * H}u + ${list.indexOf(g) * H}u + u${j}`;
    return w.store(j, (q) => `${buffer}[at${q} * ${place}] = g${j}_${k}${q};`);
  });
  return [
    ...stores,
    ...p.gates.map((_, k) => `db${j}_${k} += g${j}_${k};`),
    // at a masked step the gradient passes straight through
    ...p.state.map(
      (_, k) => `d${j}_${k} = ${masked ? choose(l, 'real', `e${j}_${k}`, `d${j}_${k}`) : `e${j}_${k}`};`,
    ),
  ].join('\n');
}

function endUnit({ program: p, language: l, H }: Plan, w: Words, j: number): string {
  const sum = (name: string) => (l.lanes === 1 ? name : `(${name}.x + ${name}.y + ${name}.z + ${name}.w)`);
  const sums = [...p.gates.map((_, g) => `db${j}_${g}`), ...p.vectors.map((_, k) => `dw${j}_${k}`)];
  return [
    ...p.state.map((_, k) =>
      w.store(j, (q) => `D[(${k}u * P.B + row${q}) * ${H}u + u${j}] = d${j}_${k}${q};`),
    ),
    ...sums.map((name, at) => {
      const place = `(${p.state.length}u * P.B + group.x * ${sums.length}u + ${at}u) * ${H}u + u${j}`;
      // an earlier dispatch has left its share there
      return w.guarded(
        j,
        `{ var s = ${sum(name)}; if (P.end < P.T) { s += D[${place}]; } D[${place}] = s; }`,
      );
    }),
  ].join('\n');
}
