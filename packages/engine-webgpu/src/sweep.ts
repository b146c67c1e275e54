import type { ProgramNode } from '@gatewise/recurrence';
import { choose, constant, counterHash, maths } from '@gatewise/shader';
import type { Plan } from './plan.js';

/** Text of one value a lane, for lanes '.x' … '.w' or ''. */
type ByLane = (lane: string) => string;

/** Words that both sweeps share. */
export interface Words {
  readonly float: string;
  readonly bool: string;
  /** All units of a thread, or those of them whose number lies in [0, H) for every thread: `[0, 1]`. */
  readonly own: readonly number[];
  /** A value by lane. */
  gather(one: ByLane): string;
  truth(one: ByLane): string;
  /** Statements that store lane by lane, where the row exists and the unit does. */
  store(unit: number, one: ByLane): string;
  /** Only for units that exist. */
  guarded(unit: number, statement: string): string;
}

export function wordsOf({ language: l, H, threads, units, ragged }: Plan): Words {
  const lanes = l.lanes === 4 ? ['.x', '.y', '.z', '.w'] : [''];
  const bool = l.lanes === 4 ? 'vec4<bool>' : 'bool';
  const list = (type: string, one: ByLane) =>
    l.lanes === 4 ? `${type}(${lanes.map(one).join(', ')})` : one('');
  const over = (unit: number) => (unit + 1) * threads > H;
  return {
    float: l.float,
    bool,
    own: Array.from({ length: units }, (_, j) => j),
    gather: (one) => list(l.float, one),
    truth: (one) => list(bool, one),
    store(unit, one) {
      const statements = lanes.map((lane) => (ragged ? `if (live${lane}) { ${one(lane)} }` : one(lane)));
      return this.guarded(unit, statements.join(' '));
    },
    guarded: (unit, statement) => (over(unit) ? `if (in${unit}) { ${statement} }` : statement),
  };
}

/** Inputs that share one buffer, `V`; each begins at the parameter `o_<name>`. */
export function partNames({ program: p, masked, drop, zone }: Plan): string[] {
  return [
    'b',
    ...p.vectors.map((_, k) => `w${k}`),
    ...(masked ? ['mask'] : []),
    ...(drop === 'mask' ? ['drop'] : []),
    ...zone.flatMap((kind, k) => (kind === 'mask' ? [`hold${k}`] : [])),
  ];
}

/** Parameters of both sweeps, in order. */
export function sweepParameters(plan: Plan): string[] {
  const { drop, zone } = plan;
  return [
    ...['B', 'T', 'start', 'end', 'I'],
    ...partNames(plan).map((name) => `o_${name}`),
    ...(drop === 'draw' ? ['dropKey', 'dropLimit', 'dropScale:f32'] : []),
    ...zone.flatMap((kind, k) => {
      if (kind === 'draw') return [`zoneKey${k}`, `zoneLimit${k}`];
      return kind === 'expect' ? [`rho${k}:f32`, `keep${k}:f32`] : [];
    }),
  ];
}

/** Functions that the statements of a program call. */
export function functions({ language: l, drop, zone }: Plan): string {
  const draws = drop === 'draw' || zone.includes('draw');
  return [maths(l), ...(draws ? [counterHash(l)] : [])].join('\n');
}

/** Rows and units of this thread, and what stays the same at every step. */
export function opening(plan: Plan, w: Words): string {
  const { language: l, program: p, H, threads, drop, dropPerStep } = plan;
  const index = l.lanes === 4 ? 'vec4<u32>' : 'u32';
  const rows = l.lanes === 4 ? `${index}(group.x * 4u) + ${index}(0u, 1u, 2u, 3u)` : 'group.x';
  return [
    `let rows = ${rows};`,
    `let live = rows < ${index}(P.B);`,
    `let row = min(rows, ${index}(P.B - 1u));`,
    ...w.own.flatMap((j) => [
      `let in${j} = local.x + ${j * threads}u < ${H}u;`,
      `let u${j} = min(local.x + ${j * threads}u, ${H - 1}u);`,
      ...p.vectors.map((_, k) => `let w${j}_${k} = ${l.float}(bitcast<f32>(V[P.o_w${k} + u${j}]));`),
      ...(drop !== 'none' && !dropPerStep ? [`let drop${j} = ${dropText(plan, w, j)};`] : []),
    ]),
  ].join('\n');
}

/** What belongs to step t, at the head of a step's block. */
export function stepHead(plan: Plan, w: Words): string {
  const { reverse, masked, drop, dropPerStep } = plan;
  return [
    `let t = ${reverse ? 'P.T - 1u - i' : 'i'};`,
    'let at = row * P.T + t;',
    ...(masked ? [`let real = ${w.truth((q) => `(V[P.o_mask + at${q}] != 0u)`)};`] : []),
    ...(drop !== 'none' && dropPerStep ? w.own.map((j) => `let drop${j} = ${dropText(plan, w, j)};`) : []),
  ].join('\n');
}

/** The multiplier of R's operand. */
function dropText({ language: l, H, drop, dropPerStep }: Plan, w: Words, j: number): string {
  if (drop === 'mask') {
    const place = dropPerStep ? 'at' : 'row';
    return w.gather((q) => `bitcast<f32>(V[P.o_drop + ${place}${q} * ${H}u + u${j}])`);
  }
  const drawn = w.truth(
    (q) => `gw_drawn(P.dropKey, ${dropPerStep ? 't' : '0u'}, row${q}, u${j}, P.dropLimit)`,
  );
  return choose(l, drawn, constant(l, 0), `${l.float}(P.dropScale)`);
}

/** Whether unit j of state k holds at this step. */
export function heldText({ zone, H }: Plan, w: Words, j: number, k: number): string {
  if (zone[k] === 'mask')
    return w.truth((q) => `((V[P.o_hold${k} + at${q} * ${H}u + u${j}] & 0x7fffffffu) != 0u)`);
  return w.truth((q) => `gw_drawn(P.zoneKey${k}, t, row${q}, u${j}, P.zoneLimit${k})`);
}

/** A loop over k < n, four bodies a turn where that pays. */
export function loop(n: number, body: (k: string) => string): string {
  if (n < 16) return `for (var k = 0u; k < ${n}u; k++) { ${body('k')} }`;
  const whole = n - (n % 4);
  const four = [0, 1, 2, 3].map((d) => `{ ${body(d === 0 ? 'k' : `(k + ${d}u)`)} }`).join('\n');
  const tail = Array.from({ length: n - whole }, (_, d) => `{ ${body(`${whole + d}u`)} }`);
  return [...(whole > 0 ? [`for (var k = 0u; k < ${whole}u; k += 4u) {\n${four}\n}`] : []), ...tail].join(
    '\n',
  );
}

/** The place of a leaf that is neither a gate, nor kept: a vector of this unit. */
export const vectorLeaf = (j: number, { a }: ProgramNode): string => `w${j}_${a}`;
