export type { AnyCell, Cell, CellGradients, Named, Operand } from './cell.js';
export { cellNames, defineCell } from './define-cell.js';
export { checkDrawOptions, type DrawOptions, draw, probabilities } from './draw.js';
export { GatewiseError } from './errors.js';
export { didYouMean } from './nearest.js';
export {
  drawBelow,
  foldKey,
  foldOne,
  hashText,
  mix,
  type Random,
  type RandomState,
  random,
} from './random.js';
export type { LayerInfo, Regularisers } from './regularisers.js';
export { dsigmoid, dtanh, oneMinus, type Value } from './value.js';
