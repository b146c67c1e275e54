export { type Communicator, oneProcess, type SharedWork } from './communicator.js';
export { fileStore } from './file-store.js';
export {
  type Awaitable,
  type Batch,
  type BatchContext,
  type EpochContext,
  type GateUse,
  type Gradients,
  type Hooks,
  hookKinds,
  type LayerOutputs,
  type Logs,
  type Observers,
  type Providers,
  type SavePointContext,
  type TrainContext,
  type TrainEnd,
  type Transforms,
  type UpdateStats,
} from './hooks.js';
export { type Monitor, monitorOf } from './monitor.js';
export { checkPatience, type Patience, type PatienceOptions, patienceWith } from './patience.js';
export {
  definePlugin,
  type Json,
  type NamedTensors,
  type Plugin,
  PluginError,
  type PluginModule,
  Tokens,
} from './plugin.js';
export type { RunInfo } from './run-info.js';
export type { HostTensor, RunSnapshot, RunState } from './run-state.js';
export {
  type Clock,
  consoleLogger,
  type Logger,
  memoryStore,
  type Store,
  systemClock,
} from './services.js';
export type { TextSample, Texts } from './texts.js';
export type { PartTime, Times } from './times.js';
export type { Seen, Trainable } from './trainable.js';
