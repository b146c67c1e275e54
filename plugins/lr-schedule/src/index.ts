export type { PlateauOptions } from './plateau.js';
export {
  constantRate,
  cosineRate,
  oneCycleRate,
  plateauRate,
  ruleRate,
  stepRate,
  warmUpRate,
} from './plugins.js';
export {
  type ConstantOptions,
  type CosineOptions,
  constant,
  cosine,
  type Moment,
  type OneCycleOptions,
  oneCycle,
  type Rule,
  type StepOptions,
  step,
  type WarmUpOptions,
  warmUp,
} from './rules.js';
