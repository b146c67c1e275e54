import { GatewiseError } from '@gatewise/core';
import { type BatchContext, definePlugin, type Gradients } from '@gatewise/plugin';
import { type Clipped, clampValues, scaleToGlobalNorm, scaleToNorm } from './scale.js';

export interface NormOptions {
  /** v, the largest norm allowed; above 0. */
  readonly maxNorm: number;
}
export interface ValueOptions {
  /** v, the largest |g| allowed; above 0. */
  readonly maxValue: number;
}

function checked(name: string, v: unknown): number {
  if (typeof v === 'number' && v > 0 && Number.isFinite(v)) return v;
  throw new GatewiseError('GW_CLIP_OPTIONS', `got ${name} ${v}, wanted a finite number above 0, such as 1`);
}

function report(ctx: BatchContext, { gradients, norm, clippedNorm, clipped }: Clipped): Gradients {
  ctx.report('gradientNorm', norm);
  ctx.report('gradientNormClipped', clippedNorm);
  ctx.report('clipped', clipped);
  return gradients;
}

const byGlobalNorm = definePlugin('clip-by-global-norm', (v: number) => ({
  transformGradients: (g, ctx) => report(ctx, scaleToGlobalNorm(g, v)),
}));
const byNorm = definePlugin('clip-by-norm', (v: number) => ({
  transformGradients: (g, ctx) => report(ctx, scaleToNorm(g, v)),
}));
const byValue = definePlugin('clip-by-value', (v: number) => ({
  transformGradients: (g, ctx) => report(ctx, clampValues(g, v)),
}));

/**
 * Clips all gradients together: if ‖g‖ > v then g ← g·v/‖g‖. NaN or Infinity anywhere makes every entry NaN.
 * Reports `gradientNorm`, `gradientNormClipped` and `clipped` (0 or 1, so its mean is how often). Errors: `GW_CLIP_OPTIONS`.
 *
 * @example
 * await train(model, batches, { optimizer: adam(), plugins: [clipByGlobalNorm({ maxNorm: 1 })] });
 */
export const clipByGlobalNorm = (options: NormOptions) => byGlobalNorm(checked('maxNorm', options?.maxNorm));

/** Clips each weight's gradient by its own norm: if ‖g_k‖ > v then g_k ← g_k·v/‖g_k‖. Reports as `clipByGlobalNorm` does. */
export const clipByNorm = (options: NormOptions) => byNorm(checked('maxNorm', options?.maxNorm));

/** Clips each entry to [−v, v]: Infinity becomes ±v, NaN stays NaN. Reports as `clipByGlobalNorm` does. */
export const clipByValue = (options: ValueOptions) => byValue(checked('maxValue', options?.maxValue));
