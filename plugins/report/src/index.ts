export { bitsPerCharacter, type LossUnit, type Reference } from './charts.js';
export { type Cells, type ReportData, reportHtml, type Section } from './page.js';
export type { Flow, GateMoment, RunRecord, Sample, ValidationPoint } from './record.js';
export { type Closing, type ReportOptions, report } from './report.js';
