export { additive } from './additive.js';
export { gru } from './gru.js';
export { gruResetAfter } from './gru-reset-after.js';
export { lstm } from './lstm.js';
export { lstmOriginal } from './lstm-original.js';
export { vanilla } from './vanilla.js';
