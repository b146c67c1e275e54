export { type AdamOptions, adam } from './adam.js';
export { type AdamwOptions, adamw } from './adamw.js';
export { fusedInstead } from './fused-instead.js';
export type { Grouped, WeightChoice, WeightGroup } from './groups.js';
export { type MomentumOptions, momentum } from './momentum.js';
export { nesterov } from './nesterov.js';
export { type RmspropOptions, rmsprop } from './rmsprop.js';
export { RuleOptimizer } from './rule-optimizer.js';
export { type SgdOptions, sgd } from './sgd.js';
