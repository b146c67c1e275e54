export { type CellSuiteOptions, cellLimits, cellSuite } from './cell-suite.js';
export { type EngineFeature, engineCases, engineFeatures } from './engine-cases.js';
export { type EngineSuiteOptions, engineSuite } from './engine-suite.js';
export { assertGateRow, gateTable } from './gate-table.js';
export {
  composedCell,
  type GoldenCell,
  type GoldenCells,
  goldenCells,
  type OpWeights,
  sameLetters,
} from './golden/cells.js';
export { findGolden, replayGoldenFile } from './golden/read.js';
export { type GoldenResult, replayGolden } from './golden/replay.js';
export { countGolden, goldenLines } from './golden/report.js';
export type { GoldenOptions } from './golden/run.js';
export { countGpuCommands } from './gpu-commands.js';
export { type GradientCheckOptions, gradientCheck } from './gradient-check.js';
export { type KeptRun, keptRun } from './kept-run.js';
export { leakCheck } from './leak-check.js';
export { type PluginSuiteOptions, pluginSuite } from './plugin-suite.js';
export type { Runner } from './runner.js';
