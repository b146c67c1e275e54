export { backward, backwardScratch } from './backward';
export { badId, frameBytes } from './call';
export { apply, crossEntropy, product, productScratch, softmax } from './dense';
export { dropout } from './draw';
export { forward, forwardScratch, historyBytes } from './forward';
export { constantBytes, layConstants, math } from './math';
export { segmentSum } from './segment';
export { scale, sumSquares, update } from './update';
