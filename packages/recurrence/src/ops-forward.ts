import * as tf from '@tensorflow/tfjs-core';
import { columns, cut } from './columns.js';
import type { RecurOutputs, RecurRequest, RecurTensors } from './engine.js';
import {
  asRows,
  constantPool,
  holdMasks,
  inputRows,
  maskRows,
  operandMasks,
  rowsOf,
  tensorArithmetic,
  timeOrder,
  unstackTime,
} from './ops-parts.js';
import { type Plan, planOf } from './ops-plan.js';
import type { ProgramNode } from './program.js';

/** Where backward finds, for every step, what it reads: positions in the reserve. */
export interface Notes {
  /** [t][saved] */
  readonly saved: number[][];
  /** [t][state]: s_{t-1} */
  readonly state: number[][];
  /** [t]: the operand as it was multiplied, h_{t-1} after its dropout. */
  readonly h: number[];
  /** [t]: u after its dropout. */
  readonly u: number[];
}

/** The whole sequence, composed of tf.js ops: the definition that the other engines are held to. */
export function opsForward(request: RecurRequest, tensors: RecurTensors): RecurOutputs {
  const { program: p, B, T, H } = request;
  const plan = planOf(p);
  const reserve = collector();
  const notes: Notes = { saved: [], state: [], h: [], u: [] };
  const step = makeStep(request, tensors);
  const rows = maskRows(request, tensors.mask, H);
  const zeros = tf.zeros([B, H]);
  const y: tf.Tensor[] = Array(T);
  let s = tensors.state0.map((s0) => (s0 ? tf.clone(s0) : zeros));
  for (const t of timeOrder(request)) {
    const { next, saved, h, u } = step(t, s);
    if (request.record) {
      notes.state[t] = s.map((v, k) => (plan.stateRead.includes(k) ? reserve.keep(v) : -1));
      notes.saved[t] = p.save.map((_, k) => (plan.savedRead.includes(k) ? reserve.keep(saved(k)) : -1));
      notes.h[t] = plan.readsH.length > 0 ? reserve.keep(h) : -1;
      notes.u[t] = u ? reserve.keep(u) : -1;
    }
    // a masked step holds every state
    s = rows ? next.map((v, k) => tf.where(rows[t]!, v, s[k]!)) : next;
    y[t] = rows && request.padding === 'zeros' ? tf.where(rows[t]!, s[0]!, zeros) : s[0]!;
  }
  return { y: tf.stack(y, 1), final: distinct(s), reserve: reserve.list, notes };
}

/** One step: (t, s_{t-1}) → the states after zoneout, and what backward may read. */
export function makeStep(request: RecurRequest, tensors: RecurTensors) {
  const { program: p } = request;
  const plan = planOf(p);
  const pre = preActivations(request, tensors, plan);
  const hold = zoneoutHold(request, tensors);
  const constant = constantPool(p.constants);
  return (t: number, s: readonly tf.Tensor[]) => {
    const { a, h, feed } = pre(t, s[0]!);
    const leaf = ({ op, a: at }: ProgramNode): tf.Tensor => {
      if (op === 'const') return constant(at);
      if (op === 'gate') return a.get(p.gates[at]!)!;
      return op === 'state' ? s[at]! : tensors.vectors[at]!;
    };
    const memo = new Map<number, tf.Tensor>();
    // u, then the gates that wait for it
    const u =
      p.operand < 0
        ? null
        : feed(asRows(plan.operand.run(tensorArithmetic, leaf, memo)(p.operand)!, request), t);
    const value = plan.forward.run(tensorArithmetic, leaf, memo);
    const rows = (root: number) => asRows(value(root)!, request);
    return {
      next: p.next.map((root, k) => hold(t, k, s[k]!, rows(root))),
      saved: (k: number) => rows(p.save[k]!),
      h,
      u,
    };
  };
}

/** a_t = x_t W + b + h_{t-1} R for the gates that do not wait; `feed(u, t)` adds the others: a_t = … + u R. */
function preActivations(request: RecurRequest, tensors: RecurTensors, plan: Plan) {
  const { program: p, B, H } = request;
  const { R } = tensors;
  const xW = projectInput(request, tensors, plan);
  const bias = cut(tf.reshape(tensors.b, [1, -1]), p.gates);
  const R_h = R && plan.readsH.length > 0 ? columns(R as tf.Tensor2D, p.recurrent, plan.readsH, H) : null;
  const R_u = R && plan.feeds.length > 0 ? columns(R as tf.Tensor2D, p.recurrent, plan.feeds, H) : null;
  const mask = operandMasks(request, tensors);
  const masked = (v: tf.Tensor, t: number) => (mask ? tf.mul(v, mask(t)) : v);
  return (t: number, state: tf.Tensor) => {
    const a = new Map<string, tf.Tensor>();
    for (const g of plan.biasOnly) a.set(g, tf.broadcastTo(bias.get(g)!, [B, H]));
    if (xW.xOnly) for (const [g, v] of cut(xW.xOnly[t]!, plan.xOnly)) a.set(g, v);
    const h = masked(state, t);
    if (plan.readsH.length > 0) {
      const hR = tf.matMul(h as tf.Tensor2D, R_h as tf.Tensor2D) as tf.Tensor2D;
      const both = plan.hOnly.length > 0 ? columns(hR, plan.readsH, plan.both, H) : hR;
      if (xW.both) for (const [g, v] of cut(tf.add(xW.both[t]!, both), plan.both)) a.set(g, v);
      const only = plan.hOnly.length > 0 ? cut(columns(hR, plan.readsH, plan.hOnly, H), plan.hOnly) : [];
      for (const [g, v] of only) a.set(g, tf.add(v, bias.get(g)!));
    }
    const feed = (u: tf.Tensor, at: number) => {
      const masked_u = masked(u, at);
      const uR = cut(tf.matMul(masked_u as tf.Tensor2D, R_u as tf.Tensor2D), plan.feeds);
      for (const g of plan.feeds) a.set(g, tf.add(a.get(g)!, uR.get(g)!));
      return masked_u;
    };
    return { a, h, feed };
  };
}

/** X W + b for the whole sequence, by time step: [B, both·H] and [B, xOnly·H]. */
function projectInput(request: RecurRequest, tensors: RecurTensors, plan: Plan) {
  const { program: p, B, T, H, ids } = request;
  const x = inputRows(request, tensors);
  const W = tensors.W as tf.Tensor2D;
  const b = tf.reshape(tensors.b, [1, -1]) as tf.Tensor2D;
  const project = (gates: readonly string[]): tf.Tensor[] | null => {
    if (gates.length === 0) return null;
    const W_g = columns(W, p.input, gates, H);
    const xW = ids ? rowsOf(W_g, x as tf.Tensor1D) : tf.matMul(x as tf.Tensor2D, W_g);
    return unstackTime(tf.reshape(tf.add(xW, columns(b, p.gates, gates, H)), [B, T, gates.length * H]));
  };
  return { both: project(plan.both), xOnly: project(plan.xOnly) };
}

/** Zoneout on state k: held units keep s_{t-1}; at inference the expectation ρ s_{t-1} + (1 − ρ) s_t. */
function zoneoutHold(request: RecurRequest, tensors: RecurTensors) {
  const { zoneout: z } = request;
  const mask = holdMasks(request, tensors);
  return (t: number, k: number, prev: tf.Tensor, next: tf.Tensor): tf.Tensor => {
    if (z?.kind === 'expect') {
      const rho = z.rates[k]!;
      return rho === 0 ? next : tf.add(tf.mul(prev, rho), tf.mul(next, 1 - rho));
    }
    const held = mask?.(t, k);
    return held ? tf.where(held, prev, next) : next;
  };
}

/** Collects tensors, each once, and gives their positions. */
function collector() {
  const list: tf.Tensor[] = [];
  const at = new Map<tf.Tensor, number>();
  const keep = (t: tf.Tensor): number => {
    const known = at.get(t);
    if (known !== undefined) return known;
    at.set(t, list.length);
    return list.push(t) - 1;
  };
  return { list, keep };
}

/** Two outputs must not be one tensor: the tape counts gradients by tensor. */
function distinct(tensors: readonly tf.Tensor[]): tf.Tensor[] {
  return tensors.map((t, k) => (tensors.indexOf(t) < k ? tf.clone(t) : t));
}
