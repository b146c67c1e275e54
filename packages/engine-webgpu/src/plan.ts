import { type Program, type ProgramNode, type RecurRequest, stage } from '@gatewise/recurrence';
import { type Language, language } from '@gatewise/shader';
import type { Limits } from './device.js';

/** What forward keeps for backward at every step, each [B·T,H]: a saved node, a state before the step, or an operand of R. */
export type Field =
  | { readonly kind: 'node'; readonly node: number }
  | { readonly kind: 'state'; readonly state: number }
  | { readonly kind: 'h' } // h_{t-1} after its dropout
  | { readonly kind: 'u' }; // u after its dropout

/** How a request is laid over workgroups: `lanes` rows of the batch each, every thread `units` of the H units. */
export interface Plan {
  /** Names all that the sweeps' text depends on. */
  readonly key: string;
  readonly program: Program;
  readonly language: Language;
  readonly H: number;
  readonly threads: number;
  readonly units: number;
  /** The batch does not fill its last workgroup. */
  readonly ragged: boolean;
  readonly ids: boolean;
  readonly reverse: boolean;
  readonly masked: boolean;
  /** y and its gradient are zero where masked. */
  readonly zeros: boolean;
  readonly record: boolean;
  readonly probe: boolean;
  readonly drop: 'none' | 'draw' | 'mask';
  readonly dropPerStep: boolean;
  /** By state. */
  readonly zone: readonly ('none' | 'draw' | 'expect' | 'mask')[];
  readonly given: readonly boolean[];
  readonly fields: readonly Field[];
  /** Gates by what multiplies their block of R: h, or u. */
  readonly readsH: readonly string[];
  readonly feeds: readonly string[];
  /** Gates that do not read x, whose δa has a buffer of its own. */
  readonly rest: readonly string[];
  /** Gates whose δa fit side by side in workgroup memory. */
  readonly gatesAtOnce: number;
}

/** The most units that a thread takes, and with that the most units at all. */
const MOST_UNITS = 16;

/** How many units fit: their operand lies in workgroup memory, one row of the batch at least. */
export function mostUnits({ threads, shared }: Limits): number {
  return Math.min(MOST_UNITS * threads, Math.floor(shared / 4));
}

/** The plan of a request on this device. `state0` and `holds` say which are given. */
export function planOf(
  request: RecurRequest,
  limits: Limits,
  given: readonly boolean[],
  holds: readonly boolean[],
): Plan {
  const { program: p, B, H, ids, reverse, masked, record, probe, operandDropout: d, zoneout: z } = request;
  const lanes = B < 3 || 16 * H > limits.shared ? 1 : 4;
  const units = Math.max(Math.ceil(H / limits.threads), Math.min(limits.units, Math.ceil(H / 8)));
  const body = {
    H,
    threads: Math.ceil(H / units),
    units,
    ragged: B % lanes !== 0,
    ids,
    reverse,
    masked,
    zeros: masked && request.padding === 'zeros',
    record,
    probe,
    drop: d?.kind ?? ('none' as const),
    dropPerStep: d?.perStep ?? false,
    zone: p.state.map((_, k) => {
      if (!z) return 'none' as const;
      const used = z.kind === 'mask' ? holds[k] : z.rates[k]! > 0;
      return used ? z.kind : ('none' as const);
    }),
    given,
    gatesAtOnce: Math.max(1, Math.floor(limits.shared / (4 * lanes * H))),
  };
  const key = `${p.hash} ${lanes} ${Object.values(body).join(' ')}`;
  const readsH = p.recurrent.filter((g) => !p.feeds.includes(g));
  const rest = p.gates.filter((g) => !p.input.includes(g));
  const fields = record ? fieldsOf(p, readsH, body.drop !== 'none') : [];
  return {
    key,
    program: p,
    language: language('wgsl', lanes),
    ...body,
    fields,
    readsH,
    feeds: p.feeds,
    rest,
  };
}

/** What backward reads, each thing once. */
function fieldsOf(p: Program, readsH: readonly string[], dropped: boolean): Field[] {
  const { gates, prev, vectors } = p.backward;
  const more = p.operandBackward ? [...p.operandBackward.gates, ...p.operandBackward.prev] : [];
  const { leaves } = stage(p, [...gates, ...prev, ...vectors, ...more]);
  const states = new Set<number>();
  const nodes = new Set<number>();
  for (const leaf of leaves) {
    const { op, a } = leaf.op === 'saved' ? p.nodes[p.save[leaf.a]!]! : leaf;
    if (op === 'state') states.add(a);
    else if (leaf.op === 'saved' && op !== 'const' && op !== 'vector') nodes.add(p.save[leaf.a]!);
  }
  // the left side of dR
  if (readsH.length > 0 && !dropped) states.add(0);
  return [
    ...[...nodes].map((node): Field => ({ kind: 'node', node })),
    ...[...states].map((state): Field => ({ kind: 'state', state })),
    ...(readsH.length > 0 && dropped ? [{ kind: 'h' } as const] : []),
    ...(p.operand >= 0 ? [{ kind: 'u' } as const] : []),
  ];
}

/** Where backward finds a saved or state leaf: a field, or the constant or vector that it is. */
export function fieldOf({ program: p, fields }: Plan, leaf: ProgramNode): number | ProgramNode {
  const node = leaf.op === 'saved' ? p.save[leaf.a]! : -1;
  const { op, a } = node < 0 ? leaf : p.nodes[node]!;
  if (op === 'const' || op === 'vector') return { op, a, b: -1 };
  return fields.findIndex((f) =>
    op === 'state' ? f.kind === 'state' && f.state === a : f.kind === 'node' && f.node === node,
  );
}

/** The field that multiplies a block of R. */
export const operandField = ({ fields, drop }: Plan, which: 'h' | 'u'): number =>
  fields.findIndex(
    (f) => f.kind === which || (which === 'h' && drop === 'none' && f.kind === 'state' && f.state === 0),
  );

/** Steps of one dispatch of at most `work` multiplications. */
export function stepsAtOnce({ H, program }: Plan, B: number, work: number): number {
  // what is not a product takes as long as some 64 columns of one
  return Math.max(1, Math.floor(work / (B * H * Math.max(H, 64) * Math.max(1, program.recurrent.length))));
}

/** Up to four gates whose blocks of R lie side by side in R packed: one load for all. */
export interface Block {
  readonly gates: readonly string[];
  /** Its place among the blocks. */
  readonly at: number;
}

/** How many gates a block holds, or has room for. */
export function blockWidth({ readsH, feeds }: Plan): 1 | 2 | 4 {
  const most = Math.max(readsH.length, feeds.length);
  if (most > 2) return 4;
  return most === 2 ? 2 : 1;
}

/** The blocks by the operand that they multiply. */
export function blocksOf(plan: Plan): Record<'h' | 'u', Block[]> {
  const width = blockWidth(plan);
  let at = 0;
  const cut = (gates: readonly string[]): Block[] =>
    Array.from({ length: Math.ceil(gates.length / width) }, (_, n) => ({
      gates: gates.slice(n * width, (n + 1) * width),
      at: at++,
    }));
  return { h: cut(plan.readsH), u: cut(plan.feeds) };
}
