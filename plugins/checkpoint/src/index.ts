export { type CheckpointOptions, checkpoint } from './checkpoint.js';
export { type Checkpoint, checkpointModel, loadCheckpoint, readCheckpoint } from './load.js';
export { modelFolder } from './model-folder.js';
