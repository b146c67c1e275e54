export { type EarlyStoppingOptions, earlyStopping } from './early-stopping.js';
