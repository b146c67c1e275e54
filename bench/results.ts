import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawChart } from './chart.js';
import type { Machine } from './machine.js';
import { isQuickstart } from './quickstart.js';
import type { Row } from './rows.js';
import { memoryLine, peakLine, quickstartLines, targetTable } from './table.js';
import type { Target } from './targets.js';

/** All that a run found. */
export interface Results {
  readonly machine: Machine;
  /** What ran, in words: machine, versions. */
  readonly header: readonly string[];
  readonly rows: readonly Row[];
  readonly targets: readonly Target[];
  /** By subject, why it is not there. */
  readonly missing: Readonly<Record<string, string>>;
}

const here = fileURLToPath(new URL('.', import.meta.url));
export const resultsFolder = join(here, 'results');

/** Writes NAME.json and NAME.svg into a folder; gives both paths. */
export async function writeResults(results: Results, folder: string, name: string): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const [json, svg] = [join(folder, `${name}.json`), join(folder, `${name}.svg`)];
  writeFileSync(json, `${JSON.stringify(results, undefined, 1)}\n`);
  writeFileSync(svg, await drawChart(results.rows, results.header));
  return [json, svg];
}

/** What stands in the README between the markers: sizes S and L, one line a case, ours beside the peers. */
function readmeTable({ header, rows, targets }: Results, svg: string): string {
  const columns = [
    ...['native', 'native on cpu', 'wasm on cpu', 'packed_lstm', 'torch', 'keras', 'onnxruntime'],
    ...['onnxruntime-node', 'tf.layers on node', 'tf.layers on wasm'],
  ];
  const plain = rows.filter((row) => !isQuickstart(row) && row.cell !== 'gemm');
  const places = [
    ...new Set(plain.map(({ cell, measure, B, T, I, H }) => `${cell} ${measure} (${B},${T},${I},${H})`)),
  ];
  const lines = places.sort().map((place) => {
    const of = (name: string) =>
      plain.find((r) => r.name === name && `${r.cell} ${r.measure} (${r.B},${r.T},${r.I},${r.H})` === place);
    return `| ${place} | ${columns.map((name) => milliseconds(of(name))).join(' | ')} |`;
  });
  return [
    ...header,
    '',
    ...[peakLine(rows), memoryLine(rows), ...quickstartLines(rows)].map((line) => `- ${line}`),
    '',
    `![Milliseconds of every engine and peer](results/${svg})`,
    '',
    `| median ms: cell, measure (B,T,I,H) | ${columns.join(' | ')} |`,
    `|---|${columns.map(() => '--:').join('|')}|`,
    ...lines,
    '',
    'What it must reach, as ratios of times unless in per cent:',
    '',
    '```',
    targetTable(targets),
    '```',
  ].join('\n');
}

const milliseconds = (row: Row | undefined) => (row ? Number(row.medianMs.toPrecision(3)).toString() : '–');

const [start, end] = ['<!-- last run -->', '<!-- /last run -->'];

/** The README with its table replaced. */
export function withTable(readme: string, table: string): string {
  const [from, to] = [readme.indexOf(start), readme.indexOf(end)];
  return `${readme.slice(0, from + start.length)}\n${table}\n${readme.slice(to)}`;
}

export async function publish(results: Results): Promise<string[]> {
  const name = results.machine.date.slice(0, 10);
  const written = await writeResults(results, resultsFolder, name);
  const file = join(here, 'README.md');
  writeFileSync(file, withTable(readFileSync(file, 'utf8'), readmeTable(results, `${name}.svg`)));
  return [...written, file];
}
