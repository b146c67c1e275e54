export { type Arithmetic, arithmetic, provideArithmetic } from './arithmetic.js';
export { peek, pooledBytes, reusedArray, startReuse } from './array-pool.js';
export {
  type Activation,
  activations,
  type Combination,
  type CrossEntropy,
  combinations,
  type Dense,
  type Dropout,
  type FunctionName,
  functions,
  type Product,
  type RowsById,
  type Spread,
  spreads,
} from './dense.js';
export { fusedDropout } from './dropout.js';
export { installKernels, kernelsInstalled, removeKernels } from './install.js';
export { fusedSoftmaxCrossEntropy } from './softmax-cross-entropy.js';
export { type UpdateArrays, type UpdateRule, type Updates, updateRules } from './updates.js';
