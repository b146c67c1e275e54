export { globalNorm } from './norm.js';
export { clipByGlobalNorm, clipByNorm, clipByValue, type NormOptions, type ValueOptions } from './plugins.js';
export { type Clipped, clampValues, scaleToGlobalNorm, scaleToNorm } from './scale.js';
