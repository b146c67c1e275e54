export { type DropInOptions, dropIn } from './drop-in.js';
