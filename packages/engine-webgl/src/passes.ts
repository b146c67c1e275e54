import { type BackwardPasses, backwardPasses } from './backward-passes.js';
import { type Facts, keyOf } from './facts.js';
import { type ForwardPasses, forwardPasses } from './forward-passes.js';
import type { Limits } from './limits.js';
import {
  inputGradientPass,
  projectionPasses,
  recurrentGradientPasses,
  type SumPass,
  sumPasses,
  weightGradientPasses,
} from './product-passes.js';
import type { Pass } from './source.js';

/** Every draw of a kind of request, its shaders written once. */
export interface Passes {
  readonly projection: readonly Pass[];
  readonly forward: ForwardPasses;
  readonly backward: BackwardPasses | null;
  readonly dW: readonly SumPass[];
  readonly dR: readonly SumPass[];
  readonly dX: Pass;
  readonly db: readonly Pass[];
  readonly dvectors: readonly Pass[];
}

const known = new Map<string, Passes>();

export function passesOf(f: Facts, limits: Limits): Passes {
  const key = `${keyOf(f)} ${limits.targets} ${limits.samplers}`;
  let passes = known.get(key);
  if (!passes) {
    passes = {
      projection: f.ids ? [] : projectionPasses(f, limits),
      forward: forwardPasses(f, limits),
      backward: f.record ? backwardPasses(f, limits) : null,
      dW: weightGradientPasses(f, limits),
      dR: recurrentGradientPasses(f, limits),
      dX: inputGradientPass(f, limits),
      db: sumPasses(f.program.gates.length, 'da', 'db', limits),
      dvectors: sumPasses(f.program.vectors.length, 'dw', 'dv', limits),
    };
    known.set(key, passes);
  }
  return passes;
}

/** The most textures that one draw of these reads and writes. */
export function mostTextures({ projection, forward, backward, dW, dR, dX }: Passes): number {
  const all = [
    ...projection,
    ...forward.step,
    ...forward.after,
    ...(backward
      ? [...backward.step, ...backward.vectors, backward.first, dX, ...[...dW, ...dR].map(({ pass }) => pass)]
      : []),
  ];
  return Math.max(...all.map(({ samplers }) => samplers.length));
}
