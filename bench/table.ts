import { charactersPerSecond, isQuickstart } from './quickstart.js';
import type { Row } from './rows.js';
import { gflopsAtBest, peakOf, type Target, verdict } from './targets.js';

/** Columns side by side: the first to the left, numbers to the right. */
function aligned(lines: readonly (readonly string[])[]): string[] {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines.map((line) =>
    line
      .map((cell, k) => (k === 0 ? cell.padEnd(widths[k]!) : cell.padStart(widths[k]!)))
      .join('  ')
      .trimEnd(),
  );
}

const number = (v: number) =>
  v >= 100 ? v.toFixed(0) : v >= 10 ? v.toFixed(1) : v >= 1 ? v.toFixed(2) : v.toFixed(4);

export const placeOf = ({ cell, measure, B, T, I, H }: Row) =>
  `${cell}, ${measure}, B ${B} T ${T} I ${I} H ${H}`;

/** The rows of one case, the fastest first. */
export function caseTable(rows: readonly Row[], peak: number | undefined): string {
  const best = Math.min(...rows.map(({ medianMs }) => medianMs));
  const head = ['', 'median ms', 'min', 'max', 'GFLOP/s', '% of peak', '× fastest', 'max diff', 'peak MiB'];
  const lines = [...rows]
    .sort((a, b) => a.medianMs - b.medianMs)
    .map((row) => [
      row.name,
      ...[row.medianMs, row.minMs, row.maxMs, row.gflops].map(number),
      peak === undefined ? '' : `${((100 * row.gflops) / peak).toFixed(0)}`,
      (row.medianMs / best).toFixed(2),
      row.maxAbsDiff === 0 ? '0' : row.maxAbsDiff.toExponential(0),
      row.peakMiB === undefined ? '' : row.peakMiB.toFixed(0),
    ]);
  return aligned([head, ...lines]).join('\n');
}

export function peakLine(rows: readonly Row[]): string {
  const best = peakOf(rows);
  if (!best) return 'The peak of the machine was not measured: no BLAS is there.';
  return `Peak: ${gflopsAtBest(best).toFixed(0)} GFLOP/s, a 1024³ product, ${best.name}, the best of ${rows.filter(({ cell }) => cell === 'gemm').length}.`;
}

export function quickstartLines(rows: readonly Row[]): string[] {
  return rows
    .filter(isQuickstart)
    .map(
      (row) =>
        `${row.name}: ${Math.round(charactersPerSecond(row)).toLocaleString('en')} characters per second`,
    );
}

const shown = (value: number | undefined, { share }: Target) => {
  if (value === undefined) return '–';
  return share ? `${(100 * value).toFixed(0)} %` : value.toFixed(2);
};

/** Memory of the work itself, in the first case of a run, the least first. */
export function memoryLine(rows: readonly Row[]): string {
  const known = rows.filter((row) => row.peakMiB !== undefined);
  const [first] = known;
  if (!first) return 'Peak memory was not measured: that needs Linux.';
  const list = known
    .filter((row) => placeOf(row) === placeOf(first))
    .sort((a, b) => a.peakMiB! - b.peakMiB!)
    .map(({ name, peakMiB }) => `${name} ${peakMiB!.toFixed(0)}`);
  return `Peak memory in MiB, ${placeOf(first)}: ${list.join(', ')}`;
}

/** What was measured, line by line; the rest by name alone. */
export function targetTable(targets: readonly Target[]): string {
  const mark = (t: Target) => (verdict(t) === 'pass' ? 'pass' : `SHORT${atPeak(t)}`);
  const sign = (t: Target) => (t.atMost ? '≤ ' : '');
  const measured = targets.filter((t) => verdict(t) !== 'missing');
  const lines = measured.map((t) => [
    t.what,
    `${sign(t)}${shown(t.floor, t)}`,
    `${sign(t)}${shown(t.aim, t)}`,
    shown(t.got, t),
    mark(t),
  ]);
  const missing = targets.filter((t) => verdict(t) === 'missing').map(({ what }) => what);
  return [
    ...aligned([['target', 'floor', 'aim', 'got', ''], ...lines]),
    countTargets(targets),
    ...(missing.length > 0 ? [`not measured: ${missing.join('; ')}`] : []),
  ].join('\n');
}

/** What is the most that could be got: products at the machine's peak, and nothing else. */
const atPeak = (t: Target) =>
  t.ceiling === undefined ? '' : `, ${shown(t.ceiling, t)} at the machine's peak`;

function countTargets(targets: readonly Target[]): string {
  const count = (v: string) => targets.filter((t) => verdict(t) === v).length;
  return `targets: ${count('pass')} pass, ${count('short')} short, ${count('missing')} not measured`;
}
