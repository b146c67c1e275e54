export {
  type As,
  type Gradients,
  type Head,
  headOf,
  inputsOf,
  listGradients,
  makeGradients,
  mapGradients,
  supports,
} from './call.js';
export { compile, type Plan, type Variant } from './compile.js';
