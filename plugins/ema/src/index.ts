export { type EmaOptions, ema } from './ema.js';
