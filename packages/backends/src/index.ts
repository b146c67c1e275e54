export { type BackendInfo, type BackendName, backendNames, type ConcreteBackend } from './names.js';
export { hasNativeAddon } from './native.js';
export { type BackendOptions, useBackend } from './use-backend.js';
