export { build } from './build.js';
export { cellOf } from './cells.js';
export type {
  Activation,
  CellActivation,
  CellSpec,
  DenseSpec,
  Direction,
  EmbeddingSpec,
  LayerSpec,
  Merge,
  ModelSpec,
  OutputSpec,
  RecurrentSpec,
  Values,
} from './model.js';
