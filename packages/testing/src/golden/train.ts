import * as tf from '@tensorflow/tfjs-core';
import { type GoldenCell, goldenCells } from './cells.js';
import { type Comparison, compare, float32Error, judge, suggestedLimit } from './compare.js';
import { type GoldenFile, type GoldenTensor, isDictionary, need, upload } from './file.js';
import { head, summedCrossEntropy } from './losses.js';
import { findCell, type GoldenOptions, type Letters, runLayer, Skip } from './run.js';

type Task = (ran: { y: tf.Tensor; h: tf.Tensor }, letters: Letters, targets: tf.Tensor) => tf.Tensor;
const tasks: Readonly<Record<string, Task>> = {
  /** Σ_{b,t} cross-entropy / B */
  ce_seq: ({ y }, { Wy, by }, targets) =>
    tf.div(summedCrossEntropy(targets, head(y, Wy!, by!), targets.size), targets.shape[0]!),
  /** mean (h_T V + b_V − target)² */
  mse_last: ({ h }, { Wy, by }, targets) => tf.mean(tf.squaredDifference(head(h, Wy!, by!), targets)),
};

/** Kind `train`: updates from the file's weights, the loss before each and after the last. */
export async function replayTrain(file: GoldenFile, options: GoldenOptions): Promise<Comparison[]> {
  const golden = findCell(file.cell, options, goldenCells);
  const task = tasks[String(file.raw.taskKind)];
  if (!task) throw new Skip(`no task "${String(file.raw.taskKind)}" here`);
  if (file.inputs.mask) throw new Skip('no masks in training here');
  const losses = need(file.raw.losses as number[] | undefined, 'losses');
  const run = await trained(file, golden, task, losses.length - 1, options);
  const limit = (wanted: number) => suggestedLimit(float32Error(file.raw, 'losses'), [wanted]);
  const norms = file.raw.gradientNorms;
  return [
    compare('losses', run.losses, losses, limit),
    ...(Array.isArray(norms) ? [judge(file.raw, 'gradientNorms', run.norms, norms)] : []),
    ...Object.entries(file.finalWeights).map(([k, { data }]) =>
      judge(file.raw, `finalWeights.${k}`, need(run.weights[k], `weight ${k}`), data),
    ),
  ];
}

/** Runs the updates; gives the loss before each and after the last, ‖g‖ before clipping, and the weights at the end. */
async function trained(
  file: GoldenFile,
  golden: GoldenCell,
  task: Task,
  updates: number,
  options: GoldenOptions,
) {
  const { rule, clipTo } = optimizerOf(file);
  const inputs = Object.fromEntries(Object.entries(file.inputs).map(([k, t]) => [k, upload(t)]));
  const weights = Object.fromEntries(Object.entries(file.weights).map(([k, t]) => [k, variable(t)]));
  const loss = lossOf(golden, task, { ...inputs, ...weights }, options);
  const losses: number[] = [];
  const norms: number[] = [];
  try {
    for (let k = 0; k < updates; k++) {
      const { value, norm } = update(loss, Object.values(weights), rule, clipTo);
      losses.push((await value.data())[0]!);
      norms.push((await norm.data())[0]!);
      tf.dispose([value, norm]);
    }
    const last = tf.tidy(loss);
    losses.push((await last.data())[0]!);
    last.dispose();
    const entries = Object.entries(weights).map(async ([k, v]) => [k, await v.data()] as const);
    return { losses, norms, weights: Object.fromEntries(await Promise.all(entries)) };
  } finally {
    rule.dispose();
    tf.dispose([inputs, weights]);
  }
}

function variable(t: GoldenTensor): tf.Variable {
  const start = upload(t);
  const made = tf.variable(start);
  start.dispose();
  return made;
}

/** The task's loss as a function of the variables among the letters. */
function lossOf(
  golden: GoldenCell,
  task: Task,
  letters: Letters,
  { engine }: GoldenOptions,
): () => tf.Scalar {
  const settings = { reverse: false, padding: 'zeros', ...(engine !== undefined && { engine }) } as const;
  return () => {
    const { y, final } = runLayer(golden, letters, '', need(letters.x, 'inputs.x'), settings);
    const h = final[`${golden.cell.state[0]}T`]!;
    return task({ y, h }, letters, need(letters.targets, 'inputs.targets')) as tf.Scalar;
  };
}

/** One update; gives the loss (`value`) before it and ‖g‖ before clipping. */
function update(loss: () => tf.Scalar, weights: tf.Variable[], rule: Rule, clipTo: number | undefined) {
  const { value, grads } = tf.variableGrads(loss, weights);
  const norm = tf.tidy(() => {
    const norm = tf.sqrt(tf.addN(Object.values(grads).map((g) => tf.sum(tf.square(g)))));
    // PyTorch's rule: g · min(1, v / (‖g‖ + 1e-6))
    const scale = clipTo === undefined ? 1 : tf.minimum(1, tf.div(clipTo, tf.add(norm, 1e-6)));
    rule.applyGradients(
      Object.fromEntries(Object.entries(grads).map(([k, g]) => [k, tf.mul(g, scale)])),
      weights,
    );
    return norm;
  });
  tf.dispose(grads);
  return { value, norm };
}

interface Rule {
  applyGradients(gradients: tf.NamedTensorMap, weights: readonly tf.Variable[]): void;
  dispose(): void;
}

function optimizerOf(file: GoldenFile): { rule: Rule; clipTo: number | undefined } {
  const settings = file.raw.optimizer;
  if (!isDictionary(settings)) throw new Skip('it names no optimizer');
  const { kind, learningRate, momentum, beta1, beta2, epsilon, clipGlobalNorm, nesterov } = settings;
  const number = (v: unknown, what: string) =>
    need(typeof v === 'number' ? v : undefined, `optimizer.${what}`);
  const rate = number(learningRate, 'learningRate');
  const clipTo = typeof clipGlobalNorm === 'number' ? clipGlobalNorm : undefined;
  if (kind === 'sgd') {
    const plain = momentum === undefined || momentum === 0;
    const rule = plain
      ? tf.train.sgd(rate)
      : tf.train.momentum(rate, number(momentum, 'momentum'), nesterov === true);
    return { rule, clipTo };
  }
  if (kind !== 'adam') throw new Skip(`no optimizer "${String(kind)}" here`);
  const [b1, b2, eps] = [number(beta1, 'beta1'), number(beta2, 'beta2'), number(epsilon, 'epsilon')];
  return { rule: adam(rate, b1, b2, eps), clipTo };
}

/**
 * Adam with its bias corrections in float64 on the host, as PyTorch has them. tf.train.adam keeps βᵗ in float32, so its
 * 1 − β₂ᵗ is off by 3e-5 at t = 1: more than these files allow.
 */
function adam(rate: number, b1: number, b2: number, epsilon: number): Rule {
  const moments = new Map<string, { m: tf.Tensor; v: tf.Tensor }>();
  let t = 0;
  return {
    applyGradients(gradients, weights) {
      t++;
      for (const w of weights) {
        const g = gradients[w.name]!;
        const last = moments.get(w.name);
        // m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²
        const m = tf.keep(tf.add(tf.mul(last?.m ?? tf.zerosLike(g), b1), tf.mul(g, 1 - b1)));
        const v = tf.keep(tf.add(tf.mul(last?.v ?? tf.zerosLike(g), b2), tf.mul(tf.square(g), 1 - b2)));
        tf.dispose(last ?? []);
        moments.set(w.name, { m, v });
        // w ← w − η (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
        const down = tf.add(tf.sqrt(tf.div(v, 1 - b2 ** t)), epsilon);
        w.assign(tf.sub(w, tf.mul(rate, tf.div(tf.div(m, 1 - b1 ** t), down))));
      }
    },
    dispose: () => tf.dispose([...moments.values()] as unknown as tf.TensorContainer),
  };
}
