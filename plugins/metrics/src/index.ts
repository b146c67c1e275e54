export { type MetricsOptions, metrics, metricsCsv } from './metrics.js';
