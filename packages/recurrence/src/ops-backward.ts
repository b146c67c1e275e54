import * as tf from '@tensorflow/tfjs-core';
import { columns } from './columns.js';
import type { RecurCotangents, RecurGradients, RecurOutputs, RecurRequest, RecurTensors } from './engine.js';
import type { Notes } from './ops-forward.js';
import {
  asRows,
  constantPool,
  holdMasks,
  inputRows,
  maskRows,
  operandMasks,
  tensorArithmetic,
  timeOrder,
  timesTransposed,
  transposedTimes,
  unstackTime,
} from './ops-parts.js';
import { planOf } from './ops-plan.js';
import type { ProgramNode } from './program.js';

type MaybeTensor = tf.Tensor | null;
const plus = (a: MaybeTensor, b: MaybeTensor): MaybeTensor => (a && b ? tf.add(a, b) : (a ?? b));

/** Backpropagation through time: t = T…1 with one product per step, then one product each for dX, dW and dR. */
export function opsBackward(
  request: RecurRequest,
  tensors: RecurTensors,
  outputs: RecurOutputs,
  cotangents: RecurCotangents,
): RecurGradients {
  const { program: p, B, T, H } = request;
  const dY = unstackTime(cotangents.dy);
  const step = makeStep(request, tensors, outputs);
  const rows = maskRows(request, tensors.mask, H);
  const wide = maskRows(request, tensors.mask, p.gates.length * H);
  const zeros = tf.zeros([B, H]);
  const select = (m: tf.Tensor[] | null, t: number, v: tf.Tensor, other = tf.zerosLike(v)) =>
    m ? tf.where(m[t]!, v, other) : v;
  const dA: tf.Tensor[] = Array(T);
  const dS: tf.Tensor[] = Array(T);
  const dvectors: MaybeTensor[] = p.vectors.map(() => null);
  let d = [...cotangents.dfinal];
  for (const t of timeOrder(request).reverse()) {
    // δh_t = dY_t + what step t+1 sent back
    d[0] = tf.add(d[0]!, request.padding === 'zeros' ? select(rows, t, dY[t]!, zeros) : dY[t]!);
    if (request.probe) dS[t] = tf.concat(d, 1);
    const { da, prev, dw } = step(t, d);
    dA[t] = select(wide, t, da);
    dw.forEach((v, k) => {
      if (v) dvectors[k] = plus(dvectors[k]!, select(rows, t, v, zeros));
    });
    // at a masked step the gradient passes straight through
    d = prev.map((v, k) => select(rows, t, v ?? zeros, d[k]!));
  }
  const A = tf.reshape(tf.stack(dA, 1), [B * T, p.gates.length * H]) as tf.Tensor2D;
  return {
    ...weightGradients(request, tensors, outputs, A),
    dvectors: dvectors.map((v) => (v ? tf.sum(v, 0) : tf.zeros([H]))),
    dstate0: d,
    dprobe: request.probe ? tf.stack(dS, 1) : null,
  };
}

/** One step back: δs_t → δa_t [B, gates·H], δs_{t-1} and δw. */
function makeStep(request: RecurRequest, tensors: RecurTensors, outputs: RecurOutputs) {
  const { program: p, H } = request;
  const plan = planOf(p);
  const notes = outputs.notes as Notes;
  const R = tensors.R as tf.Tensor2D | null;
  const R_hT = R && plan.readsH.length > 0 ? tf.transpose(columns(R, p.recurrent, plan.readsH, H)) : null;
  const R_uT = R && plan.feeds.length > 0 ? tf.transpose(columns(R, p.recurrent, plan.feeds, H)) : null;
  const mask = operandMasks(request, tensors);
  const through = (da: tf.Tensor, RT: tf.Tensor2D, t: number) => {
    const dv = tf.matMul(da as tf.Tensor2D, RT);
    return mask ? tf.mul(dv, mask(t)) : dv;
  };
  const hold = zoneoutSplit(request, tensors);
  const constant = constantPool(p.constants);
  return (t: number, d: readonly tf.Tensor[]) => {
    const halves = d.map((dk, k) => hold(t, k, dk));
    const leaf =
      (du: MaybeTensor) =>
      (node: ProgramNode): tf.Tensor => {
        if (node.op === 'const') return constant(node.a);
        if (node.op === 'saved') return outputs.reserve[notes.saved[t]![node.a]!]!;
        if (node.op === 'state') return outputs.reserve[notes.state[t]![node.a]!]!;
        if (node.op === 'dstate') return halves[node.a]!.next;
        return node.op === 'vector' ? tensors.vectors[node.a]! : du!;
      };
    const memo = new Map<number, tf.Tensor>();
    const value = plan.backward.run(tensorArithmetic, leaf(null), memo);
    const rows = (v: MaybeTensor) => v && asRows(v, request);
    const gates = new Map<string, MaybeTensor>(p.gates.map((g, k) => [g, rows(value(p.backward.gates[k]!))]));
    const prev = p.state.map((_, k) => plus(halves[k]!.prev, rows(value(p.backward.prev[k]!))));
    const join = (names: readonly string[]) => joinGates(gates, names, d[0]!);
    if (p.operandBackward && R_uT) {
      // δu = δa R_uᵀ, then its share of δa and δs_{t-1}
      const du = through(join(plan.feeds), R_uT, t);
      const back = plan.operandBackward.run(tensorArithmetic, leaf(du), memo);
      p.operandBackward.gates.forEach((root, k) => {
        gates.set(p.gates[k]!, plus(gates.get(p.gates[k]!)!, rows(back(root))));
      });
      p.operandBackward.prev.forEach((root, k) => {
        prev[k] = plus(prev[k]!, rows(back(root)));
      });
    }
    // δh_{t-1} += δa R_hᵀ
    if (R_hT) prev[0] = plus(prev[0]!, through(join(plan.readsH), R_hT, t));
    return { da: join(p.gates), prev, dw: p.backward.vectors.map((root) => rows(value(root))) };
  };
}

/** [B, names·H] of the gates' gradients side by side; absent ones are zero. */
function joinGates(
  gates: ReadonlyMap<string, MaybeTensor>,
  names: readonly string[],
  like: tf.Tensor,
): tf.Tensor {
  const parts = names.map((g) => gates.get(g) ?? tf.zerosLike(like));
  return parts.length === 1 ? parts[0]! : tf.concat(parts, 1);
}

/** δs_t → what goes into the cell's backward (next) and what passes by it into δs_{t-1} (prev). */
function zoneoutSplit(request: RecurRequest, tensors: RecurTensors) {
  const { zoneout: z } = request;
  const mask = holdMasks(request, tensors);
  return (t: number, k: number, d: tf.Tensor): { next: tf.Tensor; prev: MaybeTensor } => {
    if (z?.kind === 'expect') {
      const rho = z.rates[k]!;
      return rho === 0 ? { next: d, prev: null } : { next: tf.mul(d, 1 - rho), prev: tf.mul(d, rho) };
    }
    const held = mask?.(t, k);
    if (!held) return { next: d, prev: null };
    const zeros = tf.zerosLike(d);
    return { next: tf.where(held, zeros, d), prev: tf.where(held, d, zeros) };
  };
}

/** dX = δA Wᵀ, dW = Xᵀ δA, dR = H₋₁ᵀ δA, db = Σ δA: one product each. A: δa of all steps [B·T, gates·H]. */
function weightGradients(
  request: RecurRequest,
  tensors: RecurTensors,
  outputs: RecurOutputs,
  A: tf.Tensor2D,
) {
  const { program: p, B, T, I, H, ids, dx } = request;
  const plan = planOf(p);
  const notes = outputs.notes as Notes;
  const x = inputRows(request, tensors);
  const dA = columns(A, p.gates, p.input, H);
  const dW = ids
    ? tf.scatterND(tf.reshape(x as tf.Tensor1D, [B * T, 1]), dA, [I, p.input.length * H])
    : transposedTimes(x as tf.Tensor2D, dA);
  const history = (at: readonly number[]) =>
    tf.reshape(
      tf.stack(
        at.map((k) => outputs.reserve[k]!),
        1,
      ),
      [B * T, H],
    ) as tf.Tensor2D;
  const parts: tf.Tensor2D[] = [];
  if (plan.readsH.length > 0)
    parts.push(transposedTimes(history(notes.h), columns(A, p.gates, plan.readsH, H)));
  if (plan.feeds.length > 0)
    parts.push(transposedTimes(history(notes.u), columns(A, p.gates, plan.feeds, H)));
  const dR = parts.length > 1 ? tf.concat(parts, 1) : parts[0];
  return {
    dx: dx === 'surely' ? tf.reshape(timesTransposed(dA, tensors.W as tf.Tensor2D), [B, T, I]) : null,
    dA: dx === 'perhaps' ? dA : null,
    dW,
    dR: dR && tensors.R ? columns(dR, [...plan.readsH, ...plan.feeds], p.recurrent, H) : null,
    db: tf.sum(A, 0),
  };
}
