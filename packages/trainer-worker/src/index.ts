export type { NodeWorker, WorkerSource } from './outside.js';
export type { EpochReport, StepReport, Trained, WeightValues } from './protocol.js';
export { serveTraining, type TrainingJob, type TrainingPort } from './serve-training.js';
export { trainInWorker, type WorkerOptions } from './train-in-worker.js';
