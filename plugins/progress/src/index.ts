export { type ProgressOptions, progress } from './progress.js';
export type { ProgressStream } from './screen.js';
