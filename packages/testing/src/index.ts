export { type GoldenCell, type GoldenCells, goldenCells, type OpWeights, sameLetters } from './golden/cells.js';
export type { Comparison } from './golden/compare.js';
export { findGolden, replayGoldenFile } from './golden/read.js';
export { type GoldenResult, replayGolden } from './golden/replay.js';
export { countGolden, goldenLines } from './golden/report.js';
export type { GoldenOptions } from './golden/run.js';
