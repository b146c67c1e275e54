import { type AnyCell, cellNames, GatewiseError, type Value } from '@gatewise/core';
import { isInner, type LeafOp, type Program, type ProgramNode } from './program.js';

/** Records a cell once. Errors: `GW_CELL_INVALID` names what in the cell cannot be recorded. */
export function recordProgram(cell: AnyCell): Program {
  const known = recorded.get(cell);
  if (known) return known;
  const program = record(cell);
  recorded.set(cell, program);
  return program;
}
const recorded = new WeakMap<AnyCell, Program>();

/** The hash-consing builder: the same operation on the same nodes is the same node. */
class Graph {
  readonly nodes: ProgramNode[] = [];
  readonly constants: number[] = [];
  readonly #known = new Map<string, number>();

  node(op: ProgramNode['op'], a: number, b = -1): number {
    // x + y = y + x and x·y = y·x in IEEE arithmetic, exactly
    if ((op === 'add' || op === 'mul') && b < a) [a, b] = [b, a];
    const key = `${op} ${a} ${b}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#known.set(key, this.nodes.length);
    return this.nodes.push({ op, a, b }) - 1;
  }
  add(a: number, b: number): number {
    // (−x) + y = y − x, exactly
    if (this.nodes[a]!.op === 'neg') return this.node('sub', b, this.nodes[a]!.a);
    if (this.nodes[b]!.op === 'neg') return this.node('sub', a, this.nodes[b]!.a);
    return this.node('add', a, b);
  }
  constant(value: number): number {
    const c = Math.fround(value);
    if (!Number.isFinite(c)) {
      throw new GatewiseError('GW_CELL_INVALID', `got the constant ${value}, wanted a finite float32`);
    }
    let at = this.constants.findIndex((k) => Object.is(k, c));
    if (at < 0) at = this.constants.push(c) - 1;
    return this.node('const', at);
  }
}

/** The recorder's value: a node of the graph. */
class Recorded implements Value<Recorded> {
  constructor(
    readonly graph: Graph,
    readonly id: number,
  ) {}
  #of(b: Recorded | number): number {
    return typeof b === 'number' ? this.graph.constant(b) : b.id;
  }
  #is(id: number): Recorded {
    return new Recorded(this.graph, id);
  }
  add(b: Recorded | number) {
    return this.#is(this.graph.add(this.id, this.#of(b)));
  }
  sub(b: Recorded | number) {
    return this.#is(this.graph.node('sub', this.id, this.#of(b)));
  }
  mul(b: Recorded | number) {
    return this.#is(this.graph.node('mul', this.id, this.#of(b)));
  }
  neg() {
    return this.#is(this.graph.node('neg', this.id));
  }
  sigmoid() {
    return this.#is(this.graph.node('sigmoid', this.id));
  }
  tanh() {
    return this.#is(this.graph.node('tanh', this.id));
  }
  relu() {
    return this.#is(this.graph.node('relu', this.id));
  }
  step() {
    return this.#is(this.graph.node('step', this.id));
  }
}

type Values = Record<string, Recorded>;

function record(cell: AnyCell): Program {
  const names = cellNames(cell);
  const graph = new Graph();
  const leaves = (op: LeafOp, of: readonly string[], only = of): Values =>
    Object.fromEntries(only.map((name) => [name, new Recorded(graph, graph.node(op, of.indexOf(name)))]));
  const roots = (where: string, of: readonly string[], values: Values | undefined, all = false) =>
    rootsOf(cell.name, where, of, values ?? {}, all);

  const free = names.gates.filter((g) => !names.feeds.includes(g));
  const a = leaves('gate', names.gates);
  const s = leaves('state', names.state);
  const w = leaves('vector', names.vectors);
  const v = leaves('saved', names.saved);
  const d = leaves('dstate', names.state);
  const traced = trace(cell, {
    u: () => cell.operand?.forward(leaves('gate', names.gates, free), s),
    f: () => cell.forward(a, s, w),
    b: () => cell.backward(d, v, s, w),
    ub: () => cell.operand?.backward(new Recorded(graph, graph.node('du', 0)), v, s),
  });
  const { u, f, b, ub } = traced;
  return finish(cell.name, names, graph, {
    operand: cell.operand ? roots('operand.forward', ['u'], { u: u! }, true)[0]! : -1,
    next: roots('forward next', names.state, f.next, true),
    save: roots('forward saved', names.saved, f.saved, true),
    backward: {
      gates: roots('backward gates', names.gates, b.gates),
      prev: roots('backward prev', names.state, b.prev),
      vectors: roots('backward vectors', names.vectors, b.vectors),
    },
    operandBackward: ub
      ? {
          gates: roots('operand.backward gates', names.gates, ub.gates),
          prev: roots('operand.backward prev', names.state, ub.prev),
        }
      : null,
  });
}

/** Calls the cell's functions; whatever they throw becomes `GW_CELL_INVALID` with the function's name. */
function trace<R extends Record<string, () => unknown>>(
  cell: AnyCell,
  calls: R,
): { [K in keyof R]: ReturnType<R[K]> } {
  const title = { u: 'operand.forward', f: 'forward', b: 'backward', ub: 'operand.backward' } as Record<
    string,
    string
  >;
  const out: Record<string, unknown> = {};
  for (const [key, call] of Object.entries(calls)) {
    try {
      out[key] = call();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new GatewiseError(
        'GW_CELL_INVALID',
        `cell "${cell.name}": ${title[key]} cannot be recorded (${why}); it may use only the eight methods and declared names`,
        { cause },
      );
    }
  }
  return out as { [K in keyof R]: ReturnType<R[K]> };
}

function rootsOf(cell: string, where: string, of: readonly string[], values: Values, all: boolean): number[] {
  const unknown = Object.keys(values).find((name) => !of.includes(name));
  if (unknown !== undefined) {
    throw new GatewiseError(
      'GW_CELL_INVALID',
      `cell "${cell}": ${where} returns "${unknown}", wanted one of ${of.join(' ')}`,
    );
  }
  return of.map((name) => {
    const value = values[name];
    if (value instanceof Recorded) return value.id;
    if (value === undefined && !all) return -1;
    throw new GatewiseError(
      'GW_CELL_INVALID',
      `cell "${cell}": ${where} got ${String(value)} for "${name}", wanted a value`,
    );
  });
}

type Roots = Pick<Program, 'operand' | 'next' | 'save' | 'backward' | 'operandBackward'>;

/** Drops dead nodes, renumbers the rest, hashes. */
function finish(cell: string, names: ReturnType<typeof cellNames>, graph: Graph, roots: Roots): Program {
  const live = new Set<number>();
  const visit = (id: number): void => {
    if (id < 0 || live.has(id)) return;
    live.add(id);
    const { op, a, b } = graph.nodes[id]!;
    if (isInner(op)) {
      visit(a);
      visit(b);
    }
  };
  const lists = [
    [roots.operand],
    roots.next,
    roots.save,
    ...Object.values(roots.backward),
    ...Object.values(roots.operandBackward ?? {}),
  ];
  for (const list of lists) for (const id of list) visit(id);
  const order = [...live].sort((x, y) => x - y);
  const number = new Map(order.map((id, at) => [id, at]));
  const to = (id: number) => (id < 0 ? -1 : number.get(id)!);
  const all = (ids: readonly number[]) => ids.map(to);
  const body = {
    ...names,
    constants: graph.constants,
    nodes: order.map((id) => {
      const { op, a, b } = graph.nodes[id]!;
      return isInner(op) ? { op, a: to(a), b: to(b) } : { op, a, b };
    }),
    operand: to(roots.operand),
    next: all(roots.next),
    save: all(roots.save),
    backward: {
      gates: all(roots.backward.gates),
      prev: all(roots.backward.prev),
      vectors: all(roots.backward.vectors),
    },
    operandBackward: roots.operandBackward && {
      gates: all(roots.operandBackward.gates),
      prev: all(roots.operandBackward.prev),
    },
  };
  return { cell, hash: hash64(JSON.stringify(body)), ...body };
}

/** FNV-1a, 64 bits, as hex. */
function hash64(text: string): string {
  let h = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++) {
    h = BigInt.asUintN(64, (h ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n);
  }
  return h.toString(16).padStart(16, '0');
}
