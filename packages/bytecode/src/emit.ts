import { isInner, type Program, type ProgramNode } from '@gatewise/recurrence';
import { type Instruction, instruction, type OpName, type Slot, slot } from './bytecode.js';

/** Where a result goes; `add` adds it to what lies there. */
export interface Root {
  readonly node: number;
  readonly to: Slot;
  readonly add?: boolean;
}

export interface Emitted {
  readonly code: readonly Instruction[];
  readonly registers: number;
}

/** An operation after fusion: its operands are nodes. */
interface Step {
  readonly node: number;
  readonly op: OpName;
  readonly operands: readonly number[];
}

/**
 * A stage as instructions over planes. `at` says where nodes that need no computing lie: leaves, and what an earlier
 * stage left. A root's own operation writes straight to its place; the rest is shared by linear scan.
 */
export function emit(
  program: Program,
  roots: readonly Root[],
  at: (node: ProgramNode, id: number) => Slot | null,
): Emitted {
  const steps = fuse(program, liveNodes(program, roots, at), roots);
  const homes = new Map<number, Slot>();
  for (const { node, to, add } of roots) if (!add && !homes.has(node)) homes.set(node, to);
  const { code, place, registers } = allocate(program, steps, roots, homes, at);
  for (const { node, to, add } of roots) {
    if (node < 0) {
      if (!add) code.push(instruction('zero', to));
      continue;
    }
    const from = place(node);
    if (add) code.push(instruction('add', to, to, from));
    else if (from !== to) code.push(instruction('mov', to, from));
  }
  return { code, registers };
}

/** The nodes to compute, in order. */
function liveNodes(
  { nodes }: Program,
  roots: readonly Root[],
  at: (node: ProgramNode, id: number) => Slot | null,
): number[] {
  const live = new Set<number>();
  const visit = (id: number): void => {
    if (id < 0 || live.has(id) || at(nodes[id]!, id) !== null) return;
    live.add(id);
    visit(nodes[id]!.a);
    visit(nodes[id]!.b);
  };
  for (const { node } of roots) visit(node);
  return [...live].sort((x, y) => x - y);
}

/** a·b + c and c − a·b where the product has no other reader. */
function fuse({ nodes }: Program, live: readonly number[], roots: readonly Root[]): Step[] {
  const readers = new Map<number, number>();
  const count = (id: number) => readers.set(id, (readers.get(id) ?? 0) + 1);
  for (const id of live) {
    const { op, a, b } = nodes[id]!;
    count(a);
    if (b >= 0 && isInner(op)) count(b);
  }
  for (const { node } of roots) count(node);
  const computed = new Set(live);
  const absorbed = new Set<number>();
  const product = (id: number) => {
    const alone = computed.has(id) && nodes[id]!.op === 'mul' && readers.get(id) === 1;
    if (alone) absorbed.add(id);
    return alone ? nodes[id]! : null;
  };
  const steps = live.map((node): Step => {
    const { op, a, b } = nodes[node]!;
    if (op === 'add') {
      const left = product(a);
      if (left) return { node, op: 'mad', operands: [left.a, left.b, b] };
      const right = product(b);
      if (right) return { node, op: 'mad', operands: [right.a, right.b, a] };
    }
    if (op === 'sub') {
      const right = product(b);
      if (right) return { node, op: 'nmad', operands: [right.a, right.b, a] };
    }
    return { node, op: op as OpName, operands: b < 0 ? [a] : [a, b] };
  });
  return steps.filter(({ node }) => !absorbed.has(node));
}

/** Linear scan: a register is free again after the last operation that reads it, and that one may write to it. */
function allocate(
  { nodes }: Program,
  steps: readonly Step[],
  roots: readonly Root[],
  homes: ReadonlyMap<number, Slot>,
  at: (node: ProgramNode, id: number) => Slot | null,
) {
  const last = new Map<number, number>();
  steps.forEach(({ operands }, k) => {
    for (const id of operands) last.set(id, k);
  });
  // what is added to its place is read at the very end
  for (const { node } of roots) last.set(node, steps.length);
  const code: Instruction[] = [];
  const where = new Map<number, Slot>();
  const place = (id: number): Slot => where.get(id) ?? at(nodes[id]!, id)!;
  const free: number[] = [];
  let registers = 0;
  steps.forEach(({ node, op, operands }, k) => {
    const from = operands.map(place);
    for (const id of new Set(operands)) {
      if (last.get(id) === k && where.has(id) && !homes.has(id)) free.push(where.get(id)!);
    }
    const to = homes.get(node) ?? slot('register', free.sort((x, y) => y - x).pop() ?? registers++);
    where.set(node, to);
    code.push(instruction(op, to, ...from));
  });
  return { code, place, registers };
}
