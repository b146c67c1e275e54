export { type ActivationOptions, activationPenalty, temporalPenalty } from './activations.js';
export type { Names } from './options.js';
export { l1, l2, type WeightOptions } from './weights.js';
