export type { Batches, BatchFunction, BatchSource } from './batches.js';
export { carried } from './carried.js';
export { evaluate } from './evaluate.js';
export type { Loss, LossFunction, LossName } from './losses.js';
export { PluginDriver } from './plugin-driver.js';
export type { PluginList } from './plugin-scope.js';
export { softmaxCrossEntropy } from './softmax-cross-entropy.js';
export { type TrainOptions, type TrainResult, train } from './train.js';
export { type TrainableOptions, trainable } from './trainable.js';
