export type { RunRecord } from './record.js';
export { type RunSummaryOptions, runSummary } from './run-summary.js';
