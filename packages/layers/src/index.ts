export { registerCell, registeredCells } from './cell-registry.js';
export type { RecurrentConfig, Settings } from './config.js';
export type { InitialiserName } from './initialisers.js';
export { LengthsLayer, withLengths } from './lengths-layer.js';
export {
  additive,
  gru,
  gruResetAfter,
  lstm,
  lstmOriginal,
  type NamedConfig,
  recurrent,
  vanilla,
} from './recurrent.js';
export { RecurrentLayer } from './recurrent-layer.js';
