export { build } from './build.js';
export { cellOf } from './cells.js';
export { type Comparison, compare, suggestedLimit } from './compare.js';
export { type Accuracy, accuracyOf, accuracyText, type OutputError } from './deploy/accuracy.js';
export type { Precision } from './deploy/pack.js';
export { dequantise, quantise } from './deploy/quantise.js';
export { type Standalone, type StandaloneOptions, writeStandalone } from './deploy/standalone.js';
export { describe } from './describe.js';
export { type KerasOptions, readKeras } from './keras/read.js';
export { writeKeras, writeKerasWeights } from './keras/write.js';
export { type ImportOptions, readModel } from './load.js';
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
export { type OnnxGraph, type OnnxNode, type Port, readOnnxGraph } from './onnx/graph.js';
export { readOnnx } from './onnx/read.js';
export { type Numbers, type RunOptions, runOnnx } from './onnx/run.js';
export type { OnnxTensor } from './onnx/tensor.js';
export { type OnnxOptions, writeOnnx } from './onnx/write.js';
export { readTfLayers, type TfLayersOptions } from './tf-layers/read.js';
export { writeTfLayers } from './tf-layers/write.js';
export { readTorch, type TorchOptions } from './torch/read.js';
export { writeTorch } from './torch/write.js';
export { type Certificate, certificateText, type Fixture, unverified, verify } from './verify.js';
