export { disposeCall, gatesOf, keepCall } from './calls.js';
export type { GateUse } from './gates.js';
export {
  type FlowOptions,
  type FlowReport,
  gradientFlow,
  type Inspected,
  type LayerFlow,
} from './gradient-flow.js';
export { type JacobianArgs, type JacobianNorms, jacobianNorm } from './jacobian.js';
