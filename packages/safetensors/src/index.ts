export { bytesOf, type DType, type Entry, entryOf, type Values, valuesOf } from './entry.js';
export { type Contents, readSafetensors } from './read.js';
export { writeSafetensors } from './write.js';
