import { cellNames, random } from '@gatewise/core';
import type { Settings } from './config.js';
import { chrono, initialise } from './initialisers.js';

/** A weight before it exists. */
export interface WeightPlan {
  readonly name: string;
  readonly shape: number[];
  /** Its starting values; costly for R, so asked for only when nothing replaces them. */
  readonly values: () => Float32Array;
}

/**
 * The weights of a layer, in the order of `getWeights()`: kernel W [I, (gates that read x)·H], recurrent_kernel R
 * [H, (gates that read h)·H] where there are any, bias b [gates·H], then the cell's vectors [H], then the learned initial
 * states [H].
 */
export function planWeights(settings: Settings, I: number, seed: number): WeightPlan[] {
  const {
    cell,
    units: H,
    kernelInitializer,
    recurrentInitializer,
    biasInitializer,
    vectorInitializer,
  } = settings;
  const { input, recurrent, gates, vectors } = cellNames(cell);
  const start = (name: string, initialiser: typeof kernelInitializer, rows: number, blocks: number) =>
    initialise(initialiser, { rows, cols: H, blocks }, random(seed).fork(name));
  const startBias = () =>
    biasInitializer === 'chrono'
      ? chrono(gates, H, settings.memoryLength!, random(seed).fork('bias'))
      : start('bias', biasInitializer, 1, gates.length);
  const plans: WeightPlan[] = [
    {
      name: 'kernel',
      shape: [I, input.length * H],
      values: () => start('kernel', kernelInitializer, I, input.length),
    },
  ];
  if (recurrent.length > 0) {
    plans.push({
      name: 'recurrent_kernel',
      shape: [H, recurrent.length * H],
      values: () => start('recurrent_kernel', recurrentInitializer, H, recurrent.length),
    });
  }
  if (settings.useBias) {
    plans.push({
      name: 'bias',
      shape: [gates.length * H],
      values: () => withForgetBias(startBias(), settings),
    });
  }
  for (const name of vectors) {
    plans.push({ name, shape: [H], values: () => start(name, vectorInitializer, 1, 1) });
  }
  if (settings.learnedState) {
    for (const name of cell.state) {
      plans.push({ name: `initial_${name}`, shape: [H], values: () => new Float32Array(H) });
    }
  }
  return plans;
}

/** b_f ← b_f + forgetBias: remember at first (Gers, Schmidhuber and Cummins, 2000). */
function withForgetBias(bias: Float32Array, { cell, units: H, forgetBias }: Settings): Float32Array {
  const f = cell.gates.indexOf('f');
  if (f < 0 || forgetBias === undefined) return bias;
  return bias.map((value, n) => (Math.floor(n / H) === f ? value + forgetBias : value));
}
