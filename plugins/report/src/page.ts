import type { PartTime, TrainEnd } from '@gatewise/plugin';
import {
  clippedShare,
  flowCharts,
  type LossUnit,
  lossChart,
  normChart,
  percent,
  type Reference,
  smoothed,
} from './charts.js';
import { flowMaps, gateCharts } from './gate-charts.js';
import { html, type Markup } from './html.js';
import { rateChart } from './rates.js';
import { type RunRecord, spread } from './record.js';
import { formatNumber } from './scale.js';
import { style } from './style.js';

export type Cells = Readonly<Record<string, string | number | boolean>>;
/** A passage of text, such as a sample of a model. */
export interface Section {
  readonly title: string;
  readonly text: string;
}

/** All that a report shows. */
export interface ReportData {
  readonly title: string;
  readonly started: Date;
  readonly seconds: number;
  readonly steps: number;
  readonly end: TrainEnd;
  readonly unit: LossUnit;
  readonly record: RunRecord;
  readonly references: readonly Reference[];
  readonly settings: Cells;
  readonly figures: Cells;
  readonly sections: readonly Section[];
  /** Where the time went, by part. */
  readonly times: Readonly<Record<string, PartTime>>;
  /** Steps that took it. */
  readonly timedSteps: number;
}

/** One HTML file that needs nothing beside it and asks no one for anything: its policy forbids scripts and requests. */
export function reportHtml(data: ReportData): string {
  const { record, sections } = data;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${data.title}</title>
<style>${{ markup: style }}</style>
</head>
<body>
<main>
<header><h1>${data.title}</h1><p class="about">${about(data)}</p>${failure(data.end)}${tiles(data)}</header>
<section class="charts" aria-label="Charts">
${lossChart(record, data.unit, data.references)}${normChart(record)}${flowCharts(record)}${flowMaps(record)}${gateCharts(record)}${rateChart(record)}
</section>
<div class="tables">${table('Settings', data.settings)}${table('Figures', data.figures)}${timeTable(data)}</div>
${sections.length === 0 ? undefined : html`<section><h2>Samples</h2>${sections.map(passage)}</section>`}
${numbers(data)}
</main>
</body>
</html>
`.markup;
}

function about({ started, steps, seconds, end }: ReportData): string {
  const day = started.toISOString().slice(0, 16).replace('T', ' ');
  const how =
    end.reason === 'completed' ? 'completed' : end.reason === 'stopped' ? `stopped: ${end.why}` : 'failed';
  return `${day} UTC · ${formatNumber(steps, 12)} steps in ${duration(seconds)} · ${how}`;
}

function failure(end: TrainEnd): Markup | undefined {
  return end.reason === 'failed' ? html`<p class="failed" role="alert">${end.error.message}</p>` : undefined;
}

/** 42 s, 3 min 5 s, 2 h 4 min. */
function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${seconds < 10 ? Number(seconds.toFixed(1)) : s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** The first four figures, or the training loss where there are none. */
function tiles({ record, unit, figures }: ReportData): Markup {
  const last = smoothed(record.samples.map(({ step, loss }) => [step, loss * unit.scale] as const)).at(-1);
  const share = clippedShare(record.samples);
  const entries = Object.entries(figures)
    .slice(0, 4)
    .map(([name, value]) => [show(value), name]);
  if (entries.length === 0 && last) entries.push([formatNumber(last[1]), `${unit.label}, training`]);
  if (share !== undefined) entries.push([percent(share), 'of steps clipped']);
  return html`<ul class="tiles">${entries.map(([value, name]) => html`<li><b>${value}</b><span>${name}</span></li>`)}</ul>`;
}

const show = (value: string | number | boolean) =>
  typeof value === 'number'
    ? formatNumber(value)
    : typeof value === 'boolean'
      ? value
        ? 'yes'
        : 'no'
      : value;

function table(title: string, cells: Cells): Markup | undefined {
  const entries = Object.entries(cells);
  if (entries.length === 0) return undefined;
  const rows = entries.map(
    ([name, value]) => html`<tr><th scope="row">${name}</th><td>${show(value)}</td></tr>
`,
  );
  return html`<section><h2>${title}</h2><table>${rows}</table></section>`;
}

/** Each part by itself, the longest first. */
function timeTable({ times, timedSteps }: ReportData): Markup | undefined {
  const parts = Object.entries(times).filter(([, { ms }]) => ms > 0);
  if (parts.length === 0) return undefined;
  const whole = parts.reduce((sum, [, { ms }]) => sum + ms, 0);
  const rows = parts
    .sort(([, a], [, b]) => b.ms - a.ms)
    .map(
      ([name, { ms }]) =>
        html`<tr><th scope="row">${name}</th><td class="n">${formatNumber(ms / Math.max(1, timedSteps), 3)}</td><td class="n">${percent(ms / whole)}</td><td>${bar(ms / whole)}</td></tr>
`,
    );
  return html`<section><h2>Where the time went</h2><table><thead><tr><th scope="col">part</th><th scope="col" class="n">ms a step</th><th scope="col" class="n">share</th><td></td></tr></thead><tbody>${rows}</tbody></table></section>`;
}

const bar = (share: number) =>
  html`<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="10"/><rect class="heat" width="${Math.round(share * 1000) / 10}" height="10"/></svg>`;

const passage = ({ title, text }: Section) => html`<h3>${title}</h3><pre tabindex="0">${text}</pre>
`;

/** The curves as numbers, for those who cannot see them or want to copy them. */
function numbers({ record, unit }: ReportData): Markup | undefined {
  if (record.samples.length === 0) return undefined;
  const cell = (value: number | undefined) =>
    html`<td>${value === undefined ? '' : formatNumber(value)}</td>`;
  const rows = spread(record.samples, 24).map(
    ({ step, loss, gradientNorm, gradientNormClipped }) =>
      html`<tr><th scope="row">${formatNumber(step, 12)}</th>${cell(loss * unit.scale)}${cell(gradientNorm)}${cell(gradientNormClipped)}</tr>
`,
  );
  return html`<details><summary>The curves as numbers</summary>
<table><thead><tr><th scope="col">step</th><th scope="col">${unit.label}</th><th scope="col">‖g‖ before clipping</th><th scope="col">after</th></tr></thead>
<tbody>${rows}</tbody></table></details>`;
}
