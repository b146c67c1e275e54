import { type AnyCell, GatewiseError } from '@gatewise/core';
import { RecurrentLayer } from '@gatewise/layers';
import { type RecurArgs, recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs-core';
import { Matrix, SingularValueDecomposition } from 'ml-matrix';

/** One sequence and, for a cell, its weights. */
export interface JacobianArgs extends Partial<Pick<RecurArgs, 'W' | 'R' | 'b' | 'vectors' | 'engine'>> {
  readonly x: tf.Tensor; // [1,T,I], or ids [1,T]
  /** Zeros where absent. */
  readonly state0?: Readonly<Record<string, tf.Tensor>>; // [1,H] each
}

export interface JacobianNorms {
  /** blocks.c.h = ‖∂c_t/∂h_k‖₂ */
  readonly blocks: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Of the whole matrix ∂(h,c)_t/∂(h,c)_k. */
  readonly whole: number;
}

/**
 * Spectral norms of ∂(h,c)_t/∂(h,c)_k and its blocks, k ≤ t, both from 0, for one sequence: what backpropagation multiplies
 * a gradient by on its way from step t to step k. One backward pass over S·H identity cotangents, a row of the batch each:
 * row n of the matrix is δ(h,c)_k of cotangent e_n at step t. In a reversed layer t is the earlier step.
 * Errors: `GW_INSPECT_STEPS`, `GW_INSPECT_BATCH`, `GW_INSPECT_WEIGHTS`, and those of `recur`. Source: Pascanu, Mikolov and
 * Bengio, 2013.
 *
 * @example
 * const { blocks } = await jacobianNorm(lstm, { x, W, R, b }, 50, 10); // blocks.c.c
 * const same = await jacobianNorm(layer, { x }, 50, 10);
 */
export async function jacobianNorm(
  of: AnyCell | RecurrentLayer,
  args: JacobianArgs,
  t: number,
  k: number,
): Promise<JacobianNorms> {
  const { cell, reverse, ...given } = of instanceof RecurrentLayer ? fromLayer(of, args) : fromCell(of, args);
  const [rows, T = 0] = args.x.shape;
  if (rows !== 1) fail('GW_INSPECT_BATCH', `got x of ${rows} rows, wanted 1; slice one sequence`);
  const [from, to] = reverse ? [T - 1 - k, T - 1 - t] : [k, t];
  if (!Number.isInteger(t) || !Number.isInteger(k) || from < 0 || to < from || to >= T) {
    const order = reverse ? '0 ≤ t ≤ k' : '0 ≤ k ≤ t';
    fail('GW_INSPECT_STEPS', `got t = ${t}, k = ${k}, wanted whole numbers, ${order} < T = ${T}`);
  }
  const J = tf.tidy(() => {
    const x = reverse ? tf.reverse(args.x, 1) : args.x;
    return jacobian(cell, { ...given, x }, from, to);
  });
  try {
    return normsOf(new Matrix((await J.array()) as number[][]), cell.state);
  } finally {
    J.dispose();
  }
}

type Given = RecurArgs & { readonly cell: AnyCell; readonly reverse: boolean };

function fromCell(cell: AnyCell, { W, R, b, vectors, engine, x, state0 }: JacobianArgs): Given {
  if (!W || !b)
    fail('GW_INSPECT_WEIGHTS', `got no ${W ? 'b' : 'W'} for cell "${cell.name}", wanted W, R and b`);
  const rest = {
    ...(R && { R }),
    ...(vectors && { vectors }),
    ...(state0 && { state0 }),
    ...(engine && { engine }),
  };
  return { cell, reverse: false, x, W: W!, b: b!, ...rest };
}

function fromLayer(layer: RecurrentLayer, { x, state0, engine }: JacobianArgs): Given {
  if (!layer.built)
    fail('GW_INSPECT_WEIGHTS', `got layer "${layer.name}" before it has weights, wanted it applied once`);
  const { cell, reverse, units } = layer.settings;
  const byName = Object.fromEntries(layer.weights.map((w) => [w.originalName.split('/').at(-1)!, w.read()]));
  const { kernel, recurrent_kernel: R, bias } = byName;
  const start = cell.state.map((s) => [s, state0?.[s] ?? learned(byName[`initial_${s}`])] as const);
  return {
    ...{ cell, reverse, x, W: kernel!, b: bias ?? tf.zeros([cell.gates.length * units]) },
    ...(R && { R }),
    ...(engine && { engine }),
    vectors: Object.fromEntries((cell.vectors ?? []).map((name) => [name, byName[name]!])),
    state0: Object.fromEntries(start.filter(([, v]) => v !== undefined)) as Record<string, tf.Tensor>,
  };
}
const learned = (s: tf.Tensor | undefined) => s && tf.reshape(s, [1, s.size]);

/** ∂(h,c)_t/∂(h,c)_k [S·H, S·H], row by row. Inside a tidy. */
function jacobian(cell: AnyCell, { x, state0, ...weights }: RecurArgs, k: number, t: number): tf.Tensor2D {
  const S = cell.state.length;
  const H = weights.b.size / cell.gates.length;
  const cut = (from: number, count: number) =>
    tf.slice(x, [0, from, ...x.shape.slice(2).map(() => 0)], [1, count, ...x.shape.slice(2)]);
  // the states before step k
  const start =
    k === 0 ? (state0 ?? {}) : recur(cell, { x: cut(0, k), ...weights, ...(state0 && { state0 }) }).final;
  const N = S * H;
  const repeat = (v: tf.Tensor) => tf.tile(v, [N, ...v.shape.slice(1).map(() => 1)]);
  const args = {
    ...weights,
    x: repeat(cut(k, t - k + 1)),
    state0: Object.fromEntries(Object.entries(start).map(([name, s]) => [name, repeat(s)])),
  };
  const E = tf.split(tf.eye(N), S, 1);
  const probe = tf.zeros([N, t - k + 1, N]);
  const d = tf.grad((p: tf.Tensor) => {
    const { final } = recur(cell, { ...args, probe: p });
    // Σ_n e_n · (h,c)_t of row n
    return cell.state.map((s, n) => tf.sum(tf.mul(final[s]!, E[n]!))).reduce((a, b) => tf.add(a, b));
  })(probe);
  return tf.reshape(tf.slice(d, [0, 0, 0], [N, 1, N]), [N, N]);
}

function normsOf(J: Matrix, states: readonly string[]): JacobianNorms {
  const H = J.rows / states.length;
  const block = (r: number, c: number) => J.subMatrix(r * H, (r + 1) * H - 1, c * H, (c + 1) * H - 1);
  const blocks = states.map((s, r) => [
    s,
    Object.fromEntries(states.map((of, c) => [of, spectral(block(r, c))])),
  ]);
  return { blocks: Object.fromEntries(blocks), whole: spectral(J) };
}

/** The largest singular value; scaled, so that 1e-30 has squares too. */
function spectral(M: Matrix): number {
  const largest = Math.max(...M.to1DArray().map(Math.abs));
  if (largest === 0) return 0;
  const options = { computeLeftSingularVectors: false, computeRightSingularVectors: false };
  return largest * new SingularValueDecomposition(Matrix.div(M, largest), options).norm2;
}

function fail(code: `GW_INSPECT_${string}`, text: string): never {
  throw new GatewiseError(code, text);
}
