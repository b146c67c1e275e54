import type { PartTime } from '@gatewise/plugin';

/** A line each, the longest part first: milliseconds a step, share of the whole, how often. */
export function table(parts: Readonly<Record<string, PartTime>>, steps: number): string[] {
  const whole = Object.values(parts).reduce((sum, { ms }) => sum + ms, 0);
  const rows = Object.entries(parts)
    .sort(([, a], [, b]) => b.ms - a.ms)
    .map(([name, { ms, count }]) => [
      name,
      steps > 0 ? figure(ms / steps) : '–',
      `${whole > 0 ? ((100 * ms) / whole).toFixed(1) : '0.0'} %`,
      String(count),
    ]);
  const head = [`where ${figure(whole / 1000)} s of ${steps} steps went`, 'ms a step', 'share', 'times'];
  return aligned([head, ...rows]);
}

/** Columns side by side: the first to the left, numbers to the right. */
function aligned(lines: readonly (readonly string[])[]): string[] {
  const widths = (lines[0] ?? []).map((_, c) => Math.max(...lines.map((line) => (line[c] ?? '').length)));
  return lines.map((line) =>
    line.map((cell, c) => (c === 0 ? cell.padEnd(widths[c] ?? 0) : cell.padStart(widths[c] ?? 0))).join('  '),
  );
}

/** Three digits: 123, 12.3, 1.23, 0.0123. */
const figure = (n: number) => (n >= 100 ? n.toFixed(0) : n.toPrecision(3));
