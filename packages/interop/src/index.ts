export { build } from './build.js';
export { cellOf } from './cells.js';
export { type Comparison, compare, suggestedLimit } from './compare.js';
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
export { readTorch, type TorchOptions } from './torch/read.js';
export { writeTorch } from './torch/write.js';
export { type Certificate, certificateText, type Fixture, verify } from './verify.js';
