import { GatewiseError } from '@gatewise/core';
import { type BatchContext, definePlugin, type Gradients } from '@gatewise/plugin';
import { type Clipped, clampValues, scaleToGlobalNorm, scaleToNorm, scaleToWeights } from './scale.js';

export interface NormOptions {
  /** v, the largest norm allowed; above 0. */
  readonly maxNorm: number;
}
export interface ValueOptions {
  /** v, the largest |g| allowed; above 0. */
  readonly maxValue: number;
}

export interface AdaptiveOptions {
  /** λ, the largest ‖g_u‖/‖w_u‖ allowed; above 0, 0.01 where absent. */
  readonly clipping?: number;
  /** ε, the least that counts as ‖w_u‖, so that weights of zero can grow; above 0, 1e-3 where absent. */
  readonly epsilon?: number;
  /** Weights whose gradients stay as they are, by name or by question: the head, in the paper. */
  readonly except?: readonly string[] | ((weight: string) => boolean);
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

const adaptive = definePlugin('clip-adaptive', (options: Required<AdaptiveOptions>) => {
  const { except } = options;
  const excepted = typeof except === 'function' ? except : (name: string) => except.includes(name);
  return {
    transformGradients(g, ctx) {
      const chosen = Object.fromEntries(Object.entries(g).filter(([name]) => !excepted(name)));
      return { ...g, ...report(ctx, scaleToWeights(chosen, ctx.weights, options)) };
    },
  };
});

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

/**
 * Clips each unit's gradient by the size of its weights: if ‖g_u‖ > λ max(‖w_u‖, ε) then g_u ← g_u λ max(‖w_u‖, ε)/‖g_u‖; a unit
 * is a column of a matrix, or a whole vector (Brock et al., 2021). Reports as `clipByGlobalNorm` does, of what it clips.
 *
 * @example clipAdaptive({ clipping: 0.02, except: (weight) => weight.startsWith('head/') });
 */
export const clipAdaptive = ({ clipping = 0.01, epsilon = 1e-3, except = [] }: AdaptiveOptions = {}) =>
  adaptive({ clipping: checked('clipping', clipping), epsilon: checked('epsilon', epsilon), except });
