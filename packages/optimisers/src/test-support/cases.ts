import { random } from '@gatewise/core';
import * as tf from '@tensorflow/tfjs-core';
import { adam, adamw, momentum, nesterov, type RuleOptimizer, rmsprop, sgd } from '../index.js';
import { references } from './reference.js';

/** Every rule, with the constants of the references. */
export const rules: readonly (readonly [string, (learningRate: number) => RuleOptimizer])[] = [
  ['sgd', (learningRate) => sgd({ learningRate })],
  ['momentum', (learningRate) => momentum({ learningRate, momentum: 0.8 })],
  ['nesterov', (learningRate) => nesterov({ learningRate, momentum: 0.8 })],
  ['rmsprop', (learningRate) => rmsprop({ learningRate, decay: 0.9, epsilon: 1e-6 })],
  ['adam', (learningRate) => adam({ learningRate, beta1: 0.8, beta2: 0.99, epsilon: 1e-7 })],
  [
    'adamw',
    (learningRate) => adamw({ learningRate, beta1: 0.8, beta2: 0.99, epsilon: 1e-7, weightDecay: 0.3 }),
  ],
];

/** A scalar, nothing, odd sizes, several blocks of the kernels. */
const shapes: readonly number[][] = [[], [0, 3], [7], [5, 13], [70, 128], [3, 4097]];

export function makeWeights(seed = 1): tf.Variable[] {
  return shapes.map((shape, k) => {
    const draw = random(seed * 100 + k);
    return tf.tidy(() =>
      tf.variable(
        tf.tensor(
          filled(shape, () => draw.normal()),
          shape,
        ),
      ),
    );
  });
}

/** Gradients of step t: ordinary, large, small and vanishing ones, some of them 0. */
export function makeGradients(weights: readonly tf.Variable[], t: number) {
  return weights.map((w, k) => {
    const draw = random(1000 * t + k);
    const scale = [1, 1e3, 1e-3, 1e-22][(t + k) % 4]!;
    const values = filled(w.shape, (i) => (i % 5 === t % 5 ? 0 : draw.normal() * scale));
    return { name: w.name, tensor: tf.tensor(values, w.shape) };
  });
}

function filled(shape: readonly number[], value: (i: number) => number): Float32Array {
  return Float32Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, i) => value(i));
}

/** η of step t. */
export const rateAt = (t: number) => 0.01 * 0.9 ** t;

/** Steps from…to of an optimiser; gives the weights after the last. */
export function run(
  optimizer: RuleOptimizer,
  weights: readonly tf.Variable[],
  { from = 1, to = 12 }: { from?: number; to?: number } = {},
): Float32Array[] {
  for (let t = from; t <= to; t++) {
    const gradients = makeGradients(weights, t);
    optimizer.learningRate = rateAt(t);
    optimizer.applyGradients(gradients);
    tf.dispose(gradients.map(({ tensor }) => tensor));
  }
  return read(weights);
}

export function read(tensors: readonly tf.Tensor[]): Float32Array[] {
  return tensors.map((t) => Float32Array.from(t.dataSync()));
}

/** The same steps by the reference. */
export function expected(rule: string, to = 12): number[][] {
  const { slots: count, step } = references[rule]!;
  const weights = makeWeights();
  const values = read(weights).map((w) => [...w]);
  const slots = values.map((w) => w.map(() => Array.from({ length: count }, () => 0)));
  for (let t = 1; t <= to; t++) {
    const gradients = makeGradients(weights, t);
    for (const [k, g] of read(gradients.map(({ tensor }) => tensor)).entries()) {
      for (const [i, entry] of g.entries()) {
        values[k]![i] = step(values[k]![i]!, entry, slots[k]![i]!, t, rateAt(t));
      }
    }
    tf.dispose(gradients.map(({ tensor }) => tensor));
  }
  tf.dispose(weights);
  return values;
}

/** The largest |a − b| / max(1, |b|). */
export function distance(a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]): number {
  let worst = 0;
  for (const [k, row] of b.entries()) {
    for (let i = 0; i < row.length; i++) {
      const off = Math.abs(a[k]![i]! - row[i]!) / Math.max(1, Math.abs(row[i]!));
      worst = Math.max(worst, off);
    }
  }
  return worst;
}
