import type { Measured, MeasuredBackend } from './names.js';

/** What `auto` measured, as text: a line a backend, the choice marked. */
export function drawTable({ sizes: { B, T, I, H }, table, remembered }: Measured): string {
  const when = remembered ? ', measured before' : '';
  const rows = [['', 'backend', 'engine', 'ms', ''], ...table.map(cells)];
  const widths = rows[0]!.map((_, k) => Math.max(...rows.map((row) => row[k]!.length)));
  const line = (row: readonly string[]) =>
    row
      .map((text, k) => (k === 3 ? text.padStart(widths[k]!) : k === 4 ? text : text.padEnd(widths[k]!)))
      .join('  ')
      .trimEnd();
  return [`A training step of B=${B} T=${T} I=${I} H=${H}${when}`, ...rows.map(line)].join('\n');
}

const cells = ({ backend, engine, ms, beaten, why }: MeasuredBackend, n: number): string[] => [
  n === 0 ? '→' : ' ',
  backend,
  engine ?? '–',
  ms === null
    ? '–'
    : `${beaten ? 'over ' : why === null ? '' : 'about '}${ms < 100 ? ms.toPrecision(3) : Math.round(ms)}`,
  why ?? '',
];
