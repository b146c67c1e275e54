export { type Arithmetic, arithmetic, provideArithmetic } from './arithmetic.js';
export {
  type Activation,
  activations,
  type CrossEntropy,
  type Dense,
  type Product,
  type RowsById,
} from './dense.js';
export { type UpdateArrays, type UpdateRule, type Updates, updateRules } from './updates.js';
