export { gruHardSigmoid } from './gru.js';
export { lstmHardSigmoid } from './lstm.js';
