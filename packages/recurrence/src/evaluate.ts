import { type InnerOp, isInner, type Program, type ProgramNode } from './program.js';

/** The eight operations on whatever a program is evaluated with. */
export type Arithmetic<T> = { readonly [Op in InnerOp]: (a: T, b: T) => T };

/**
 * A stage of a program: the nodes that its results need, in order. `run` evaluates them.
 * Nodes that several stages share (σ(a_r) in a GRU's operand and forward) are computed once when they share a memo.
 */
export interface Stage {
  readonly leaves: readonly ProgramNode[];
  run<T>(
    arithmetic: Arithmetic<T>,
    leaf: (node: ProgramNode) => T,
    memo?: Map<number, T>,
  ): (root: number) => T | null;
}

/** Prepares the nodes behind `roots`. A root of −1 evaluates to null: zero. */
export function stage(program: Program, roots: readonly number[]): Stage {
  const { nodes } = program;
  const live = new Set<number>();
  const visit = (id: number): void => {
    if (id < 0 || live.has(id)) return;
    const { op, a, b } = nodes[id]!;
    if (isInner(op)) {
      visit(a);
      visit(b);
    }
    live.add(id);
  };
  roots.forEach(visit);
  const order = [...live].sort((x, y) => x - y);
  return {
    leaves: order.map((id) => nodes[id]!).filter(({ op }) => !isInner(op)),
    run(arithmetic, leaf, memo = new Map()) {
      for (const id of order) {
        if (memo.has(id)) continue;
        const { op, a, b } = nodes[id]!;
        memo.set(id, isInner(op) ? arithmetic[op](memo.get(a)!, memo.get(b)!) : leaf(nodes[id]!));
      }
      return (root) => (root < 0 ? null : memo.get(root)!);
    },
  };
}
