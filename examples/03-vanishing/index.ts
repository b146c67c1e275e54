import { useBackend } from '@gatewise/backends';
import { vanilla } from '@gatewise/cells';
import { random } from '@gatewise/core';
import { type Tutorial, table } from '@gatewise/example-figures';
import { jacobianNorm } from '@gatewise/inspect';
import * as tf from '@tensorflow/tfjs';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';

// #region radius
/** The spectral radius of R: the largest |eigenvalue|, by which R R R … stretches a vector in the long run, per step. */
export function spectralRadius(R: Matrix): number {
  const { realEigenvalues, imaginaryEigenvalues } = new EigenvalueDecomposition(R);
  return Math.max(...realEigenvalues.map((re, n) => Math.hypot(re, imaginaryEigenvalues[n]!)));
}

/** Random weights [H,H], scaled so that the radius is the one wanted. */
export function withRadius(H: number, radius: number, seed: number): Matrix {
  const draw = random(seed);
  const R = new Matrix(Array.from({ length: H }, () => Array.from({ length: H }, () => draw.normal())));
  return Matrix.mul(R, radius / spectralRadius(R));
}
// #endregion

// #region measure
/** ‖∂h_t/∂h_k‖ for k = 0 and t = 0, 4, 8, …: how much of a change of the first state is there at step t. */
async function norms(R: Matrix, inputs: number, steps: number): Promise<number[]> {
  const H = R.rows;
  const weights = tf.tidy(() => ({
    x: tf.randomNormal([1, steps + 1, 1], 0, inputs, 'float32', 1), // [1,T,1]
    W: tf.randomNormal([1, H], 0, 1, 'float32', 2),
    R: tf.tensor2d(R.to2DArray()),
    b: tf.zeros([H]),
  }));
  const found: number[] = [];
  for (let t = 0; t <= steps; t += EVERY) found.push((await jacobianNorm(vanilla, weights, t, 0)).whole);
  tf.dispose(weights);
  return found;
}
// #endregion

const EVERY = 4;
const radii = [0.8, 1, 1.25];
const inputs = { 'no input: h stays 0': 0, 'inputs of size 1': 1 };

export interface Figures {
  readonly units: number;
  readonly steps: number;
  readonly every: number;
  /** `perStep` is the factor per step over the last half of the steps. */
  readonly curves: { input: string; radius: number; perStep: number; norms: number[] }[];
}

async function run(): Promise<Figures> {
  await useBackend('cpu');
  const [units, steps] = [24, 64];
  const curves: Figures['curves'] = [];
  for (const [input, size] of Object.entries(inputs)) {
    for (const radius of radii) {
      const found = await norms(withRadius(units, radius, 3), size, steps);
      const half = (found.length - 1) / 2;
      const perStep = (found.at(-1)! / found[half]!) ** (1 / (EVERY * half));
      curves.push({ input, radius, perStep, norms: found });
    }
  }
  return { units, steps, every: EVERY, curves };
}

export const tutorial: Tutorial<Figures> = {
  at: import.meta.url,
  run,
  tables: ({ curves, steps }) => ({
    norms: table(
      ['', 'spectral radius of R', 'factor per step, second half', `‖∂h_t/∂h_0‖ after ${steps} steps`],
      curves.map(({ input, radius, perStep, norms: all }) => [
        ...[input, radius, perStep.toFixed(2)],
        all.at(-1)!.toPrecision(2),
      ]),
    ),
  }),
  charts: ({ curves, every }) => ({
    norms: {
      title: 'How much of a change of the first state is left',
      data: {
        values: curves.flatMap(({ input, radius, norms: all }) =>
          all.map((norm, n) => ({ input, radius: `${radius}`, t: n * every, norm })),
        ),
      },
      facet: { column: { field: 'input', sort: Object.keys(inputs), title: null } },
      spec: {
        width: 300,
        height: 240,
        mark: { type: 'line', point: { size: 40 } },
        encoding: {
          x: { field: 't', type: 'quantitative', title: 't, steps after the first' },
          y: {
            field: 'norm',
            type: 'quantitative',
            title: '‖∂h_t/∂h_0‖, change per change',
            scale: { type: 'log' },
            axis: { format: '~e', tickCount: 6 },
          },
          color: { field: 'radius', sort: null, title: 'spectral radius' },
          shape: { field: 'radius', sort: null, legend: null },
        },
      },
    },
  }),
};
