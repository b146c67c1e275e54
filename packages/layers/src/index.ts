export { findCell, registerCell, registeredCells } from './cell-registry.js';
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
export { type BidirectionalConfig, bidirectional, type DeepConfig, stack } from './stack.js';
export type { LevelConfig, Merge, StackConfig, StackOptions } from './stack-config.js';
export { StackLayer } from './stack-layer.js';
export {
  initialState,
  RecurrentState,
  restoreState,
  runLayer,
  type SavedState,
  type Stateful,
} from './state.js';
export { type Stream, stream } from './stream.js';
