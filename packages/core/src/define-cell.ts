import type { AnyCell, Cell } from './cell.js';
import { GatewiseError } from './errors.js';

const NAME = /^[a-z][a-z0-9-]*$/;

/**
 * Declares a cell and checks its names. Errors: `GW_CELL_INVALID`.
 *
 * @example
 * export const vanilla = defineCell({
 *   name: 'vanilla', state: ['h'], gates: ['h'], saved: ['h'],
 *   forward(a) { const h = a.h.tanh(); return { next: { h }, saved: { h } }; },
 *   backward(d, { h }) { return { gates: { h: d.h.mul(dtanh(h)) }, prev: {} }; },
 * });
 */
export function defineCell<
  const S extends string,
  const G extends string,
  const V extends string,
  const F extends G = never,
  const P extends string = never,
>(cell: Cell<S, G, V, F, P>): Cell<S, G, V, F, P> {
  checkNames(cell as unknown as AnyCell);
  return Object.freeze(cell);
}

function checkNames(cell: AnyCell): void {
  const fail = (what: string) => {
    throw new GatewiseError('GW_CELL_INVALID', `cell "${cell.name}": ${what}`);
  };
  if (!NAME.test(cell.name)) fail('got a name that is not lower-case words joined by "-"; rename it');
  if (cell.state.length === 0) fail('got no states, wanted at least one: the first is the output');
  if (cell.gates.length === 0) fail('got no gates, wanted at least one');
  for (const kind of ['state', 'gates', 'saved', 'vectors'] as const) {
    const names = cell[kind] ?? [];
    if (new Set(names).size !== names.length) fail(`got a name twice in ${kind} (${names.join(' ')})`);
  }
  const feeds = cell.operand?.feeds ?? [];
  const subsets = { input: cell.input ?? [], recurrent: cell.recurrent ?? [], 'operand.feeds': feeds };
  for (const [kind, names] of Object.entries(subsets)) {
    const unknown = names.find((name) => !cell.gates.includes(name));
    if (unknown !== undefined) fail(`got "${unknown}" in ${kind}, wanted one of ${cell.gates.join(' ')}`);
  }
  const deaf = feeds.find((name) => cell.recurrent && !cell.recurrent.includes(name));
  if (deaf !== undefined) fail(`got "${deaf}" in operand.feeds but not in recurrent; add it there`);
}

/** The names of a cell with every default filled in. */
export function cellNames(cell: AnyCell) {
  const { state, gates, saved } = cell;
  return {
    state,
    gates,
    saved,
    input: gates.filter((g) => cell.input?.includes(g) ?? true),
    recurrent: gates.filter((g) => cell.recurrent?.includes(g) ?? true),
    vectors: cell.vectors ?? [],
    feeds: gates.filter((g) => cell.operand?.feeds.includes(g) ?? false),
  };
}
