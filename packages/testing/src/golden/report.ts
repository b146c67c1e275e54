import type { GoldenResult } from './replay.js';

const short = (n: number) => (n === 0 ? '0' : n.toExponential(2));

/** A file's result as text: one line, then one a tensor with its largest error beside its limit. */
export function goldenLines({ file, status, reason, comparisons }: GoldenResult): string[] {
  const width = Math.max(0, ...comparisons.map((c) => c.tensor.length));
  return [
    `${status.padEnd(7)} ${file}${reason ? `: ${reason}` : ''}`,
    ...comparisons.map(
      ({ tensor, error, limit, passed }) =>
        `        ${tensor.padEnd(width)}  error ${short(error).padStart(8)}  limit ${short(limit).padStart(8)}  ${passed ? 'pass' : 'FAIL'}`,
    ),
  ];
}

export function countGolden(results: readonly GoldenResult[]) {
  const count = (status: GoldenResult['status']) => results.filter((r) => r.status === status).length;
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}
