import { type Comparison, compare, suggestedLimit } from '@gatewise/interop';
import { adam, adamw, momentum, nesterov, type RuleOptimizer, rmsprop, sgd } from '@gatewise/optimisers';
import * as tf from '@tensorflow/tfjs-core';
import { type GoldenCell, goldenCells } from './cells.js';
import { float32Error, judge } from './compare.js';
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
  const { optimizer, clipTo } = optimizerOf(file);
  const inputs = Object.fromEntries(Object.entries(file.inputs).map(([k, t]) => [k, upload(t)]));
  const weights = Object.fromEntries(Object.entries(file.weights).map(([k, t]) => [k, variable(t)]));
  optimizer.nameWeights(weights);
  const loss = lossOf(golden, task, { ...inputs, ...weights }, options);
  const losses: number[] = [];
  const norms: number[] = [];
  try {
    for (let k = 0; k < updates; k++) {
      const { value, norm } = update(loss, Object.values(weights), optimizer, clipTo);
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
    optimizer.dispose();
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
function update(
  loss: () => tf.Scalar,
  weights: tf.Variable[],
  optimizer: RuleOptimizer,
  clipTo: number | undefined,
) {
  const { value, grads } = tf.variableGrads(loss, weights);
  const norm = tf.tidy(() => {
    const norm = tf.sqrt(tf.addN(Object.values(grads).map((g) => tf.sum(tf.square(g)))));
    // PyTorch's rule: g · min(1, v / (‖g‖ + 1e-6))
    const scale = clipTo === undefined ? 1 : tf.minimum(1, tf.div(clipTo, tf.add(norm, 1e-6)));
    optimizer.applyGradients(
      Object.fromEntries(Object.entries(grads).map(([k, g]) => [k, tf.mul(g, scale)])),
    );
    return norm;
  });
  tf.dispose(grads);
  return { value, norm };
}

function optimizerOf(file: GoldenFile): { optimizer: RuleOptimizer; clipTo: number | undefined } {
  const settings = file.raw.optimizer;
  if (!isDictionary(settings)) throw new Skip('it names no optimizer');
  const { kind, nesterov: ahead, clipGlobalNorm } = settings;
  const make =
    kind === 'sgd' && settings.momentum ? (ahead === true ? nesterov : momentum) : byKind[String(kind)];
  if (!make) throw new Skip(`no optimizer "${String(kind)}" here`);
  // no default of ours: what the file's rule takes is in the file
  const options = Object.keys(make().getConfig()).map((name) => {
    const value = settings[name];
    return [name, need(typeof value === 'number' ? value : undefined, `optimizer.${name}`)];
  });
  const clipTo = typeof clipGlobalNorm === 'number' ? clipGlobalNorm : undefined;
  return { optimizer: make({ ...Object.fromEntries(options), ...groupsOf(settings) }), clipTo };
}

/** Groups of weights by their names: `[{ weights: ["Wy", "by"], learningRate: 0.01 }]`. */
function groupsOf({ groups }: Readonly<Record<string, unknown>>): { groups?: object[] } {
  if (!Array.isArray(groups)) return {};
  const byName = (names: readonly string[]) => (name: string) => names.includes(name);
  return { groups: groups.map(({ weights, ...options }) => ({ ...options, weights: byName(weights) })) };
}

const byKind: Readonly<Record<string, (options?: object) => RuleOptimizer>> = {
  ...{ sgd, momentum, nesterov, rmsprop, adam, adamw },
};
