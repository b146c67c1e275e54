import { isInner, type Program, type ProgramNode, stage } from '@gatewise/recurrence';
import { type Instruction, Op, type Slot, slot } from './bytecode.js';
import { type Emitted, emit, type Root } from './emit.js';

/** A program as an engine takes it. */
export interface Plan {
  readonly words: Int32Array;
  readonly constants: Float32Array;
}

/** Which of its variants: a sequence that records, and one whose states zoneout changes after the cell. */
export interface Variant {
  readonly record: boolean;
  readonly zoneout: boolean;
}

const plans = new Map<string, Plan>();

/** The bytecode of a program, made once by its hash. */
export function compile(p: Program, variant: Variant): Plan {
  const key = `${p.hash} ${variant.record} ${variant.zoneout}`;
  const known = plans.get(key);
  if (known) return known;
  const plan = makePlan(p, variant);
  plans.set(key, plan);
  return plan;
}

/** Where backward finds each saved value, and what forward must keep for that. */
interface Record {
  readonly saved: readonly Slot[]; // by name in `saved`; −1: not read
  readonly fields: readonly number[]; // the node of each field
  readonly kept: readonly boolean[]; // by state
}

function recordOf(p: Program, { record, zoneout }: Variant): Record {
  if (!record) return { saved: [], fields: [], kept: p.state.map(() => false) };
  const { gates, prev, vectors } = p.backward;
  const more = p.operandBackward ? [...p.operandBackward.gates, ...p.operandBackward.prev] : [];
  const { leaves } = stage(p, [...gates, ...prev, ...vectors, ...more]);
  const kept = p.state.map((_, k) => leaves.some(({ op, a }) => op === 'state' && a === k));
  // the left side of dR
  if (p.recurrent.some((g) => !p.feeds.includes(g))) kept[0] = true;
  const fields: number[] = [];
  const saved = p.save.map((node, at) => {
    if (!leaves.some(({ op, a }) => op === 'saved' && a === at)) return -1;
    const { op, a } = p.nodes[node]!;
    if (op === 'const') return slot('constant', a);
    if (op === 'vector') return slot('vector', a);
    if (op === 'state') {
      kept[a] = true;
      return slot('state', a);
    }
    // s_t is there already, unless zoneout has changed it
    const next = zoneout ? -1 : p.next.indexOf(node);
    if (next >= 0) {
      kept[next] = true;
      return slot('next', next);
    }
    const field = fields.indexOf(node);
    return slot('saved', field < 0 ? fields.push(node) - 1 : field);
  });
  return { saved, fields, kept };
}

/** Where a leaf lies; null: not a leaf. */
function leafSlot({ op, a }: ProgramNode, record: Record): Slot | null {
  if (isInner(op)) return null;
  if (op === 'const') return slot('constant', a);
  return op === 'saved' ? record.saved[a]! : slot(op, a);
}

const nothing: Emitted = { code: [], registers: 0 };

interface Stages {
  readonly operand: Emitted;
  readonly forward: Emitted;
  readonly backward: Emitted;
  readonly operandBackward: Emitted;
  readonly exports: number;
}

function emitStages(p: Program, record: Record, withBackward: boolean): Stages {
  const leaf = (node: ProgramNode) => leafSlot(node, record);
  const fields = record.fields.map((node, f): Root => ({ node, to: slot('saved', f) }));
  const forwardRoots = [...p.next.map((node, k): Root => ({ node, to: slot('next', k) })), ...fields];
  const exported = sharedNodes(
    p,
    forwardRoots.map(({ node }) => node),
  );
  // a shared node goes to its field when it has one, else to a plane of its own
  const homes = new Map<number, Slot>();
  let exports = 0;
  for (const node of exported) {
    const field = record.fields.indexOf(node);
    homes.set(node, field < 0 ? slot('exported', exports++) : slot('saved', field));
  }
  const operandRoots = [...homes].map(([node, to]): Root => ({ node, to }));
  if (p.operand >= 0) operandRoots.push({ node: p.operand, to: slot('u', 0) });
  const done = forwardRoots.filter(({ node, to }) => homes.get(node) !== to);
  return {
    operand: emit(p, operandRoots, leaf),
    forward: emit(p, done, (node, id) => homes.get(id) ?? leaf(node)),
    ...(withBackward ? emitBackward(p, leaf) : { backward: nothing, operandBackward: nothing }),
    exports,
  };
}

function emitBackward(p: Program, leaf: (node: ProgramNode) => Slot | null) {
  const roots = (list: readonly number[], kind: 'gate' | 'previous' | 'dvector') =>
    list.map((node, k): Root => ({ node, to: slot(kind, k) }));
  const { gates, prev, vectors } = p.backward;
  const ub = p.operandBackward;
  const more = ub ? [...roots(ub.gates, 'gate'), ...roots(ub.prev, 'previous')] : [];
  return {
    backward: emit(
      p,
      [...roots(gates, 'gate'), ...roots(prev, 'previous'), ...roots(vectors, 'dvector')],
      leaf,
    ),
    operandBackward: emit(
      p,
      more.map((root) => ({ ...root, add: true })),
      leaf,
    ),
  };
}

/** Nodes that the operand computes and forward needs too; u itself is not one: dropout changes it. */
function sharedNodes(p: Program, forwardRoots: readonly number[]): number[] {
  const inOperand = new Set<number>();
  const collect = (id: number): void => {
    if (id < 0 || !isInner(p.nodes[id]!.op)) return;
    inOperand.add(id);
    collect(p.nodes[id]!.a);
    collect(p.nodes[id]!.b);
  };
  collect(p.operand);
  inOperand.delete(p.operand);
  const shared = new Set<number>();
  const seen = new Set<number>();
  const visit = (id: number): void => {
    if (id < 0 || seen.has(id) || !isInner(p.nodes[id]!.op)) return;
    seen.add(id);
    if (inOperand.has(id)) {
      shared.add(id);
      return;
    }
    visit(p.nodes[id]!.a);
    visit(p.nodes[id]!.b);
  };
  forwardRoots.forEach(visit);
  return [...shared];
}

function makePlan(p: Program, variant: Variant): Plan {
  const record = recordOf(p, variant);
  const { operand, forward, backward, operandBackward, exports } = emitStages(p, record, variant.record);
  const stages = [operand, forward, backward, operandBackward];
  const place = (names: readonly string[], gate: string) => names.indexOf(gate);
  const words = [
    p.state.length,
    p.gates.length,
    p.vectors.length,
    Math.max(...stages.map(({ registers }) => registers)),
    record.fields.length,
    exports,
    p.operand >= 0 ? 1 : 0,
    ...stages.map(({ code }) => code.length),
    ...p.gates.flatMap((g) => [place(p.input, g), place(p.recurrent, g), p.feeds.includes(g) ? 1 : 0]),
    ...record.kept.map(Number),
    ...stages.flatMap(({ code }) => code.flatMap(encode)),
  ];
  return { words: Int32Array.from(words), constants: Float32Array.from(p.constants) };
}

const encode = ({ op, d, a, b, c }: Instruction): number[] => [Op[op], d, a, b, c];
