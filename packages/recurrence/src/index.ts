export { type Drawn, drawnDropout, drawValues } from './draws.js';
export {
  type Engine,
  engines,
  type OperandDropout,
  type RecurCotangents,
  type RecurGradients,
  type RecurOutputs,
  type RecurRequest,
  type RecurTensors,
  registerEngine,
  type Zoneout,
} from './engine.js';
export { type Arithmetic, type Stage, stage } from './evaluate.js';
export { type Lengths, lengthsMask } from './lengths.js';
export {
  joined,
  type Piece,
  requestOf,
  rowsOf,
  starts,
  stepsOf,
  summed,
  tensorsOf,
} from './pieces.js';
export { type InnerOp, isInner, type LeafOp, type Program, type ProgramNode } from './program.js';
export { recordProgram } from './record.js';
export { opsEngine, recur } from './recur.js';
export type { Memory, RecurArgs } from './request.js';
export { currentRun, type LayerOutputs, type RecurCall, type Run, withRun } from './run-slot.js';
export { savedAtEveryStep } from './saved-values.js';
export { recurStates } from './state-sequences.js';
export { Dual, Num, TensorValue } from './values.js';
