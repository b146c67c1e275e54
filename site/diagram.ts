import { type AnyCell, cellNames } from '@gatewise/core';
import { isInner, type Program, recordProgram } from '@gatewise/recurrence';
import { instance } from '@viz-js/viz';

const graphviz = await instance();

/** What a node is: how it is drawn follows from it. */
type Kind = 'input' | 'state' | 'gate' | 'op' | 'function' | 'result';
interface Node {
  readonly id: string;
  /** `h_t−1`: what follows `_` stands below the line. */
  readonly label: string;
  readonly kind: Kind;
}
interface Edge {
  readonly from: string;
  readonly to: string;
  readonly label?: string | undefined;
}
export interface Graph {
  readonly nodes: readonly Node[];
  readonly edges: readonly Edge[];
}

const shapes: Readonly<Record<Kind, string>> = {
  input: 'shape=plain',
  state: 'shape=plain',
  gate: 'shape=box style=rounded',
  op: 'shape=circle margin=0.01 width=0.3 fixedsize=true',
  function: 'shape=box style=rounded margin="0.06,0.02" width=0.3',
  result: 'shape=plain',
};

/** A graph as SVG that takes its colours from the page; `title` says what it shows. */
export function svgOf({ nodes, edges }: Graph, title: string): string {
  const lines = [
    'digraph { rankdir=LR; nodesep=0.16; ranksep=0.32; bgcolor=transparent; outputorder=edgesfirst;',
    'node [fontname=Helvetica fontsize=13 height=0.34]; edge [fontname=Helvetica fontsize=11 arrowsize=0.6];',
    ...nodes.map(({ id, label, kind }) => `${id} [label="${label}" class=${kind} ${shapes[kind]}];`),
    ...edges.map(({ from, to, label }) => `${from} -> ${to}${label ? ` [label="${label}"]` : ''};`),
    `{rank=sink; ${nodes.flatMap(({ id, kind }) => (kind === 'result' ? [id] : [])).join('; ')}}`,
    '}',
  ];
  const svg = graphviz.renderString(lines.join('\n'), { format: 'svg' });
  return svg
    .slice(svg.indexOf('<svg'))
    .replace(/<!--[\s\S]*?-->|<title>[\s\S]*?<\/title>|\n/g, '')
    .replace(/<svg width="(\d+)pt" height="\d+pt"/, (_, width: string) => sized(Number(width), title))
    .replace(/ (fill|stroke)="(?:black|#000000)"/g, ' $1="currentColor"')
    .replace(/>([^<>_]+)_([^<>]+)<\/text>/g, '>$1<tspan dy="4" font-size="75%">$2</tspan></text>')
    .replace(/ xmlns(:xlink)?="[^"]*"| id="[^"]*"/g, '');
}

/** Shrinks to its column down to three quarters, then scrolls. */
function sized(points: number, title: string): string {
  const width = Math.round(points * 1.2);
  const name = title.replace(/"/g, '&quot;');
  return `<svg role="img" aria-label="${name}" style="width:${width}px;min-width:${Math.round(width * 0.75)}px"`;
}

const sub = (name: string, index: string) => `${name}_${index}`;
const indexed = (name: string) => (name.length > 1 ? sub(name[0]!, name.slice(1)) : name);
const signs: Readonly<Record<string, string>> = { add: '+', sub: '−', mul: '⊗', neg: '−·', sigmoid: 'σ' };

/** The forward of a cell as it was recorded: what each gate reads, then operation by operation to the next states. */
export function graphOf(cell: AnyCell): Graph {
  const program = recordProgram(cell);
  const [drawn, live] = [new Map<string, Node>(), forwardNodes(program)];
  const edges: Edge[] = [];
  const put = (id: string, label: string, kind: Kind) => {
    drawn.set(id, { id, label, kind });
    return id;
  };
  const { input, recurrent, feeds } = cellNames(cell);
  const h = () => put('s0', sub(program.state[0]!, 't−1'), 'state');
  for (const gate of program.gates) {
    const id = put(`g_${gate}`, sub('a', gate), 'gate');
    if (input.includes(gate)) edges.push({ from: put('x', sub('x', 't'), 'input'), to: id, label: 'W' });
    if (!recurrent.includes(gate)) continue;
    edges.push({ from: feeds.includes(gate) ? `n${program.operand}` : h(), to: id, label: 'R' });
  }
  const idOf = leafIds(program, put);
  const unary = onesIn(program);
  for (const n of live) {
    const { op, a, b } = program.nodes[n]!;
    if (!isInner(op)) continue;
    const one = unary.has(n);
    const sign = `${one ? '1−' : (signs[op] ?? op)}${nameOf(program, n)}`;
    put(`n${n}`, sign, sign.length > 1 ? 'function' : 'op');
    if (!one) edges.push({ from: idOf(a), to: `n${n}`, label: op === 'sub' ? '+' : undefined });
    if (b >= 0) edges.push({ from: idOf(b), to: `n${n}`, label: op === 'sub' && !one ? '−' : undefined });
  }
  program.next.forEach((n, k) => {
    edges.push({ from: idOf(n), to: put(`r${k}`, sub(program.state[k]!, 't'), 'result') });
  });
  return { nodes: [...drawn.values()], edges };
}

/** Nodes that the next states and the operand are made of, in order. */
function forwardNodes({ nodes, next, operand }: Program): number[] {
  const live = new Set<number>();
  const visit = (n: number): void => {
    if (n < 0 || live.has(n)) return;
    live.add(n);
    const { op, a, b } = nodes[n]!;
    if (!isInner(op)) return;
    visit(a);
    visit(b);
  };
  for (const n of [...next, operand]) visit(n);
  return [...live].sort((a, b) => a - b);
}

/** Which differences are 1 − v: they are drawn as one node. */
function onesIn({ nodes, constants }: Program): Set<number> {
  const isOne = (n: number) => nodes[n]?.op === 'const' && constants[nodes[n]!.a] === 1;
  return new Set(nodes.flatMap(({ op, a }, n) => (op === 'sub' && isOne(a) ? [n] : [])));
}

/** ` f` for the node that the cell saves as f. */
function nameOf({ saved, save, nodes }: Program, n: number): string {
  const at = save.indexOf(n);
  return at < 0 || !['sigmoid', 'tanh', 'relu'].includes(nodes[n]!.op) ? '' : ` ${saved[at]}`;
}

/** The id of a node; a leaf is put into the drawing when it is first asked for. */
function leafIds(
  { nodes, gates, state, vectors, constants }: Program,
  put: (id: string, label: string, kind: Kind) => string,
) {
  return (n: number): string => {
    const { op, a } = nodes[n]!;
    if (isInner(op)) return `n${n}`;
    if (op === 'gate') return `g_${gates[a]}`;
    if (op === 'state') return put(`s${a}`, sub(state[a]!, 't−1'), 'state');
    if (op === 'vector') return put(`w${a}`, indexed(vectors[a]!), 'input');
    return put(`c${n}`, String(Number(constants[a]!.toPrecision(6))), 'input');
  };
}
