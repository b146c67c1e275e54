import { useBackend } from '@gatewise/backends';
import { vanilla } from '@gatewise/cells';
import { random } from '@gatewise/core';
import { example, times, unroll, type Weights } from '@gatewise/example-01-unrolled';
import { type Tutorial, table } from '@gatewise/example-figures';
import { recur } from '@gatewise/recurrence';
import * as tf from '@tensorflow/tfjs';

type Matrix = number[][];
type Gradients = Record<keyof Weights, Matrix>;

interface Task {
  readonly xs: Matrix; // [T,I]
  readonly answers: readonly number[]; // the right class at each step; −1: none is asked for
  readonly weights: Weights;
}

// #region loss
/** Any numbers to probabilities: all above 0, 1 together. */
function softmax(z: readonly number[]): number[] {
  const powers = z.map(Math.exp);
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}

/** E = Σ_t E_t,  E_t = −log ŷ_t[answer]: 0 when the right answer gets probability 1 */
export function error({ xs, answers, weights }: Task): number {
  const states = unroll(xs, zeros(weights), weights);
  return states.reduce((E, h, t) => E - Math.log(softmax(times(h, weights.V))[answers[t]!]!), 0);
}
// #endregion

const zeros = ({ b }: Weights): number[] => b.map(() => 0);
const zerosLike = (m: Matrix): Matrix => m.map((row) => row.map(() => 0));
const transpose = (m: Matrix): Matrix => m[0]!.map((_, j) => m.map((row) => row[j]!));

// #region outer
/** M ← M + xᵀ d: how much each weight of a product x M is to blame, when d is the blame of its results. */
function addOuter(M: Matrix, x: readonly number[], d: readonly number[]): void {
  x.forEach((x_i, i) => {
    d.forEach((d_j, j) => {
      M[i]![j]! += x_i * d_j;
    });
  });
}
// #endregion

// #region backward
/** ∂E/∂ of every weight. `seen` is told what step k adds to ∂E/∂R. */
export function backward(task: Task, seen: (k: number, dR: Matrix) => void = () => {}): Gradients {
  const { xs, answers, weights } = task;
  const { W, R, b, V } = weights;
  const hs = unroll(xs, zeros(weights), weights);
  const [dW, dR, db, dV] = [zerosLike(W), zerosLike(R), zerosLike([b]), zerosLike(V)];
  let fromLater = zeros(weights); // ∂(E of later steps)/∂h_t
  for (let t = xs.length - 1; t >= 0; t--) {
    const h = hs[t]!;
    const before = hs[t - 1] ?? zeros(weights);
    // δz = ŷ − y
    const dz = answers[t]! < 0 ? V[0]!.map(() => 0) : softmax(times(h, V));
    if (answers[t]! >= 0) dz[answers[t]!]! -= 1;
    addOuter(dV, h, dz);
    // δh = δz Vᵀ + what comes back from step t + 1
    const dh = times(dz, transpose(V)).map((d, j) => d + fromLater[j]!);
    // δa = δh ⊗ (1 − h²), the slope of tanh
    const da = dh.map((d, j) => d * (1 - h[j]! ** 2));
    addOuter(dW, xs[t]!, da);
    addOuter(dR, before, da);
    addOuter(db, [1], da);
    const alone = zerosLike(R);
    addOuter(alone, before, da);
    seen(t + 1, alone);
    // δh_{t-1} = δa Rᵀ
    fromLater = times(da, transpose(R));
  }
  return { W: dW, R: dR, b: db, V: dV };
}
// #endregion

const names = ['W', 'R', 'b', 'V'] as const;
const asTensors = ({ W, R, b, V }: Weights) => [tf.tensor(W), tf.tensor(R), tf.tensor(b), tf.tensor(V)];
const asMatrix = (values: number[] | Matrix): Matrix =>
  Array.isArray(values[0]) ? (values as Matrix) : [values as number[]];

/** Gradients of E by tf.js, where `states` [T,H] is computed in some way. */
async function byTape(
  { xs, answers, weights }: Task,
  states: (x: tf.Tensor, W: tf.Tensor, R: tf.Tensor, b: tf.Tensor) => tf.Tensor,
): Promise<Gradients> {
  const gradients = tf.tidy(() => {
    const x = tf.tensor2d(xs);
    const y = tf.oneHot(tf.tensor1d([...answers], 'int32'), weights.V[0]!.length);
    const E = (...[W, R, b, V]: tf.Tensor[]) => {
      const z = tf.matMul(states(x, W!, R!, b!), V!);
      return tf.neg(tf.sum(tf.mul(y, tf.logSoftmax(z)))) as tf.Scalar;
    };
    return tf.grads(E)(asTensors(weights));
  });
  const read = await Promise.all(gradients.map((g) => g.array() as Promise<Matrix | number[]>));
  tf.dispose(gradients);
  return Object.fromEntries(names.map((name, n) => [name, asMatrix(read[n]!)])) as Gradients;
}

// #region library
/** Through the library: one op, with the backward pass above written into it. */
const byLibrary = (task: Task) =>
  byTape(task, (x, W, R, b) => tf.squeeze(recur(vanilla, { x: tf.expandDims(x), W, R, b }).y, [0]));
// #endregion

// #region autodiff
/** Through tf.js alone: a loop of small ops, each of which knows its own derivative. */
const byAutodiff = (task: Task) =>
  byTape(task, (x, W, R, b) => {
    let h: tf.Tensor = tf.zeros([1, R.shape[0]!]);
    const states = tf.split(x, x.shape[0]!).map((x_t) => {
      h = tf.tanh(tf.add(tf.add(tf.matMul(x_t, W), tf.matMul(h, R)), b));
      return h;
    });
    return tf.concat(states);
  });
// #endregion

// #region differences
/** ∂E/∂w ≈ (E(w + ε) − E(w − ε)) / 2ε: move one weight a little, and look. */
function byDifferences(task: Task, epsilon = 1e-5): Gradients {
  const at = (name: keyof Weights, i: number, j: number, by: number) => {
    const weights = structuredClone(task.weights);
    (name === 'b' ? weights.b : weights[name][i]!)[j]! += by;
    return error({ ...task, weights });
  };
  const of = (name: keyof Weights) =>
    asMatrix(task.weights[name]).map((row, i) =>
      row.map((_, j) => (at(name, i, j, epsilon) - at(name, i, j, -epsilon)) / (2 * epsilon)),
    );
  return { W: of('W'), R: of('R'), b: of('b'), V: of('V') };
}
// #endregion

export interface Figures {
  readonly steps: number;
  readonly error: number;
  /** Per weight: the largest gradient, and the largest difference of three ways from the one by hand. */
  readonly gradients: {
    name: string;
    count: number;
    largest: number;
    library: number;
    autodiff: number;
    differences: number;
  }[];
  /** ‖what step k adds to ∂E_T/∂R‖ */
  readonly contributions: { k: number; norm: number }[];
}

/** A task from a seed: T steps, 3 classes. */
export function makeTask(T: number, seed = 1): Task {
  const { xs, weights } = example(T, 3, 4, seed);
  const draw = random(seed + 100);
  return { xs, weights, answers: xs.map(() => Math.floor(3 * draw.uniform())) };
}

async function run(): Promise<Figures> {
  await useBackend('cpu');
  const task = makeTask(12);
  const hand = backward(task);
  const others = {
    library: await byLibrary(task),
    autodiff: await byAutodiff(task),
    differences: byDifferences(task),
  };
  const flat = (g: Matrix) => g.flat();
  const gradients = names.map((name) => {
    const mine = flat(hand[name]);
    const away = (g: Gradients) => Math.max(...flat(g[name]).map((v, n) => Math.abs(v - mine[n]!)));
    const { library, autodiff, differences } = others;
    return {
      ...{ name, count: mine.length, largest: Math.max(...mine.map(Math.abs)) },
      ...{ library: away(library), autodiff: away(autodiff), differences: away(differences) },
    };
  });
  const contributions: Figures['contributions'] = [];
  const last = task.xs.length - 1;
  // no answer, no error: only the last step has one
  const onlyLast = { ...task, answers: task.answers.map((answer, t) => (t === last ? answer : -1)) };
  backward(onlyLast, (k, dR) => contributions.unshift({ k, norm: Math.hypot(...flat(dR)) }));
  return { steps: last + 1, error: error(task), gradients, contributions };
}

export const tutorial: Tutorial<Figures> = {
  at: import.meta.url,
  run,
  tables: ({ gradients, steps, error }) => ({
    gradients: table(
      ['weights', 'how many', 'largest gradient', 'library', 'tf.js autodiff', 'finite differences'],
      gradients.map((g) => [
        ...[g.name, g.count, g.largest.toFixed(3)],
        ...[g.library, g.autodiff, g.differences].map((v) => v.toExponential(0)),
      ]),
    ),
    task: table(['steps', 'error E with these weights'], [[steps, error.toFixed(3)]]),
  }),
  charts: ({ contributions }) => ({
    contributions: {
      title: 'What each step adds to the gradient of the last error, by R',
      width: 480,
      height: 220,
      data: { values: contributions },
      mark: { type: 'line', point: { size: 60 } },
      encoding: {
        x: { field: 'k', type: 'quantitative', title: 'k, step', axis: { tickMinStep: 1 } },
        y: {
          field: 'norm',
          type: 'quantitative',
          title: 'size of the part, error per weight',
          scale: { type: 'symlog', constant: 0.001 },
          axis: { values: [0, 0.001, 0.01, 0.1, 1], format: '~g' },
        },
      },
    },
  }),
};
