import type { RecurGradients, RecurRequest, RecurTensors } from '@gatewise/recurrence';
import type * as tf from '@tensorflow/tfjs-core';
import { copy, empty } from './device.js';
import { operandField, type Plan } from './plan.js';
import { product, scatter, sumRows, transpose } from './products.js';

// From δA of all steps, which the sweep leaves: A [B·T, inputs·H] and A2 of the other gates.

/** dX = δA Wᵀ */
export function inputGradient(
  { program: p, B, T, I, H }: RecurRequest,
  W: tf.Tensor,
  A: tf.Tensor,
  work: number,
): tf.Tensor {
  const K = p.input.length * H;
  const dX = empty(B, T, I);
  const shape = { M: B * T, N: I, K, leftStep: K, rightStep: I, outStep: I };
  product('plain', work, shape, [A, transpose(W, K, I), dX]);
  return dX;
}

/** dW = Xᵀ δA */
export function weightGradient(
  request: RecurRequest,
  { x, mask }: RecurTensors,
  A: tf.Tensor,
  work: number,
): tf.Tensor {
  const { program: p, B, T, I, H, ids } = request;
  const N = p.input.length * H;
  if (ids) return scatter(x, A, B * T, N, I);
  const dW = empty(I, N);
  const shape = { M: I, N, K: B * T, leftStep: I, rightStep: N, outStep: N };
  if (mask) product('transposed-masked', work, shape, [x, A, mask, dW]);
  else product('transposed', work, shape, [x, A, dW]);
  return dW;
}

/** dR = (operand)ᵀ δA: a product for every run of gates that have the same operand and whose δa are neighbours. */
export function recurrentGradient(
  { program: p, B, T, H }: RecurRequest,
  plan: Plan,
  [Q, A, A2]: readonly [tf.Tensor, tf.Tensor, tf.Tensor | null],
  work: number,
): tf.Tensor {
  const outStep = p.recurrent.length * H;
  const dR = empty(H, outStep);
  for (const { operand, others, from, to, count } of runsOf(plan)) {
    const D = others ? A2! : A;
    const shape = {
      ...{ M: H, N: count * H, K: B * T, leftStep: H, outStep },
      ...{ left: operandField(plan, operand) * B * T * H, out: to * H },
      ...{ right: from * H, rightStep: (others ? plan.rest : p.input).length * H },
    };
    product('transposed', work, shape, [Q, D, dR]);
  }
  return dR;
}

interface GateRun {
  readonly operand: 'h' | 'u';
  /** Their δa lie in A2. */
  readonly others: boolean;
  readonly from: number;
  readonly to: number;
  count: number;
}

function runsOf({ program: p, rest, feeds }: Plan): GateRun[] {
  const runs: GateRun[] = [];
  p.recurrent.forEach((g, to) => {
    const others = !p.input.includes(g);
    const from = (others ? rest : p.input).indexOf(g);
    const operand = feeds.includes(g) ? 'u' : 'h';
    const last = runs.at(-1);
    const next = last?.operand === operand && last.others === others && last.from + last.count === from;
    if (next) last.count++;
    else runs.push({ operand, others, from, to, count: 1 });
  });
  return runs;
}

/** db = Σ δA, and the vectors' gradients: the sweep has summed over time and over the rows of a workgroup. */
export function biasGradients(
  { program: p, H }: RecurRequest,
  D: tf.Tensor,
  { groups, at }: { groups: number; at: number },
): Pick<RecurGradients, 'db' | 'dvectors'> {
  const size = p.gates.length * H;
  const sums = sumRows(D, at, groups, size + p.vectors.length * H);
  if (p.vectors.length === 0) return { db: sums, dvectors: [] };
  const db = empty(size);
  const dvectors = p.vectors.map(() => empty(H));
  copy([
    { from: sums, to: db, size },
    ...dvectors.map((to, k) => ({ from: sums, at: size + k * H, to, size: H })),
  ]);
  return { db, dvectors };
}
