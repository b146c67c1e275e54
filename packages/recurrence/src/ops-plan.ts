import { type Stage, stage } from './evaluate.js';
import type { Program } from './program.js';

/** What the `ops` engine works out once per program: gate groups by what they read, and the stages to evaluate. */
export interface Plan {
  /** Gates that read x and h; they take one sum for all. */
  readonly both: readonly string[];
  /** Gates that read x, but not h (they may wait for the operand). */
  readonly xOnly: readonly string[];
  /** Gates that read h alone. */
  readonly hOnly: readonly string[];
  /** Gates that read neither, or the operand alone: they start from their bias. */
  readonly biasOnly: readonly string[];
  /** Column order of the product h R: both, then hOnly. */
  readonly readsH: readonly string[];
  readonly feeds: readonly string[];
  readonly operand: Stage;
  readonly forward: Stage;
  readonly backward: Stage;
  readonly operandBackward: Stage;
  /** Positions in `saved` and in `state` that backward reads. */
  readonly savedRead: readonly number[];
  readonly stateRead: readonly number[];
}

const plans = new WeakMap<Program, Plan>();

/** The plan of a program, made once. */
export function planOf(p: Program): Plan {
  const known = plans.get(p);
  if (known) return known;
  const plan = makePlan(p);
  plans.set(p, plan);
  return plan;
}

function makePlan(p: Program): Plan {
  const readsX = (g: string) => p.input.includes(g);
  const readsH = (g: string) => p.recurrent.includes(g) && !p.feeds.includes(g);
  const both = p.gates.filter((g) => readsX(g) && readsH(g));
  const hOnly = p.gates.filter((g) => !readsX(g) && readsH(g));
  const backward = stage(p, [...p.backward.gates, ...p.backward.prev, ...p.backward.vectors]);
  const operandBackward = stage(p, p.operandBackward ? Object.values(p.operandBackward).flat() : []);
  const leaves = [...backward.leaves, ...operandBackward.leaves];
  const read = (op: string) => [...new Set(leaves.filter((n) => n.op === op).map((n) => n.a))];
  return {
    both,
    hOnly,
    xOnly: p.gates.filter((g) => readsX(g) && !readsH(g)),
    biasOnly: p.gates.filter((g) => !readsX(g) && !readsH(g)),
    readsH: [...both, ...hOnly],
    feeds: p.feeds,
    operand: stage(p, [p.operand]),
    forward: stage(p, [...p.next, ...p.save]),
    backward,
    operandBackward,
    savedRead: read('saved'),
    stateRead: read('state'),
  };
}
