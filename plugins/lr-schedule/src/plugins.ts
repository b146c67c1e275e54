import { type BatchContext, definePlugin } from '@gatewise/plugin';
import { type PlateauOptions, plateauHooks, plateauOptions } from './plateau.js';
import {
  type ConstantOptions,
  type CosineOptions,
  constant,
  cosine,
  type OneCycleOptions,
  oneCycle,
  type Rule,
  type StepOptions,
  step,
  type WarmUpOptions,
  warmUp,
} from './rules.js';

/** One name for all: a run has one schedule, two are refused. */
const NAME = 'lr-schedule';

const byRule = definePlugin(NAME, (rule: Rule) => ({
  provideLearningRate(ctx: BatchContext) {
    const η = rule(ctx);
    ctx.report('learningRate', η);
    return η;
  },
}));
const byPlateau = definePlugin(NAME, plateauHooks);

/**
 * The learning rate by a rule of your own, (step, steps) → η; `step` counts from 0. Reports `learningRate`, as all here do.
 *
 * @example ruleRate(({ step }) => 1e-3 / Math.sqrt(step + 1));
 */
export const ruleRate = (rule: Rule) => byRule(rule);

/** η = η₀ throughout. Errors: `GW_LR_OPTIONS`, as all here do. @example constantRate({ rate: 1e-3 }) */
export const constantRate = (options: ConstantOptions) => byRule(constant(options));

/** η = η₀ γ^⌊t/n⌋: times γ every n steps. @example stepRate({ rate: 1e-2, every: 1000, factor: 0.5 }) */
export const stepRate = (options: StepOptions) => byRule(step(options));

/** From η₀ to η₁ along half a cosine, over `steps` or the run's own. Errors: `GW_LR_STEPS`. @example cosineRate({ rate: 1e-2 }) */
export const cosineRate = (options: CosineOptions) => byRule(cosine(options));

/** A linear rise over n steps, then another rule. @example warmUpRate({ steps: 100, after: cosine({ rate: 1e-2 }) }) */
export const warmUpRate = (options: WarmUpOptions) => byRule(warmUp(options));

/** Up and far down again over the whole run. Errors: `GW_LR_STEPS`. @example oneCycleRate({ rate: 1e-2 }) */
export const oneCycleRate = (options: OneCycleOptions) => byRule(oneCycle(options));

/**
 * Times a factor where a watched number has not improved for `patience` epochs. Errors: `GW_LR_OPTIONS`, `GW_LR_MONITOR`,
 * `GW_LR_STATE`. @example plateauRate({ rate: 1e-2, patience: 3, factor: 0.5 })
 */
export const plateauRate = (options: PlateauOptions) => byPlateau(plateauOptions(options));
