export { globalNorm } from './norm.js';
export {
  type AdaptiveOptions,
  clipAdaptive,
  clipByGlobalNorm,
  clipByNorm,
  clipByValue,
  type NormOptions,
  type ValueOptions,
} from './plugins.js';
export { type Clipped, clampValues, scaleToGlobalNorm, scaleToNorm, scaleToWeights } from './scale.js';
