export { type CheckpointOptions, checkpoint } from './checkpoint.js';
export { modelFolder } from './model-folder.js';
export {
  type Checkpoint,
  loadCheckpoint,
  readCheckpoint,
  restoreWeights,
  type Training,
} from './training.js';
