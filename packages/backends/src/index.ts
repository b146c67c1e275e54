export { type CudaLibrary, type CudaReport, checkCuda } from './cuda.js';
export {
  type AutoOptions,
  type BackendInfo,
  type BackendName,
  backendNames,
  type ConcreteBackend,
  defaultSizes,
  type Measured,
  type MeasuredBackend,
  type Sizes,
} from './names.js';
export { hasNativeAddon } from './native.js';
export { type BackendOptions, useBackend } from './use-backend.js';
