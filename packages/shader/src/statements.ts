import { type InnerOp, isInner, type Program, type ProgramNode } from '@gatewise/recurrence';
import { assign, constant, type Language } from './language.js';

/** Writes the nodes of a program as statements, each once: `let n7 = n3 * n5;`. */
export interface Statements {
  /** The name of a result, null for zero (root −1). Its statements, and those of what it needs, are in the next `take`. */
  value(root: number): string | null;
  /** The statements since the last call, a line each: so leaves may be filled between two stages. */
  take(): string;
}

/** Where a leaf lies: an expression of the language's type; constants are written here. */
export type Leaf = (node: ProgramNode) => string;

const text: { readonly [Op in InnerOp]: (a: string, b: string) => string } = {
  add: (a, b) => `${a} + ${b}`,
  sub: (a, b) => `${a} - ${b}`,
  mul: (a, b) => `${a} * ${b}`,
  neg: (a) => `-(${a})`,
  sigmoid: (a) => `gw_sigmoid(${a})`,
  tanh: (a) => `gw_tanh(${a})`,
  relu: (a) => `gw_relu(${a})`,
  step: (a) => `gw_step(${a})`,
};

/**
 * Statements over the leaves' expressions; `maths(language)` defines the functions that they call. `prefix` keeps the
 * names of two programs or passes in one scope apart.
 *
 * @example
 * const s = statements(language('wgsl', 1), program, ({ op, a }) => `${op}_${a}`);
 * const h = s.value(program.next[0]); // 'n12'
 * const body = s.take(); // 'let n3 = gw_sigmoid(gate_0);\n…'
 */
export function statements(l: Language, program: Program, leaf: Leaf, prefix = 'n'): Statements {
  const names = new Map<number, string>();
  let lines: string[] = [];
  const name = (id: number): string => {
    const known = names.get(id);
    if (known !== undefined) return known;
    const node = program.nodes[id]!;
    const made = isInner(node.op) ? write(id) : expression(node);
    names.set(id, made);
    return made;
  };
  const expression = (node: ProgramNode): string =>
    node.op === 'const' ? constant(l, program.constants[node.a]!) : leaf(node);
  const write = (id: number): string => {
    const { op, a, b } = program.nodes[id]!;
    const value = text[op as InnerOp](name(a), b < 0 ? '' : name(b));
    lines.push(assign(l, `${prefix}${id}`, value));
    return `${prefix}${id}`;
  };
  return {
    value: (root) => (root < 0 ? null : name(root)),
    take() {
      const taken = lines.join('\n');
      lines = [];
      return taken;
    },
  };
}
