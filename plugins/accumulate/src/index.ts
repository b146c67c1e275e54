export { type AccumulateOptions, accumulate } from './accumulate.js';
