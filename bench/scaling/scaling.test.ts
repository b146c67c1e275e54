import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { allReduceMs, efficiency, fit, networks } from './model.js';
import { RANKS, type Report, report, withReport } from './report.js';

const [ethernet, rdma] = networks as [(typeof networks)[number], (typeof networks)[number]];

it('finds α and β in times that follow them, and the nearer line in times that do not quite', () => {
  const exact = [64, 4096, 1e6, 1e7].map((bytes) => ({ bytes, ms: 0.02 + 3e-7 * bytes }));
  const { α, β } = fit('here', exact);
  expect(α).toBeCloseTo(0.02, 10);
  expect(β).toBeCloseTo(3e-7, 15);
  const noisy = exact.map(({ bytes, ms }, i) => ({ bytes, ms: ms * (i % 2 ? 1.05 : 0.95) }));
  expect(fit('here', noisy).α).toBeCloseTo(0.02, 2);
});

it('an all-reduce costs latency by the logarithm of the ranks, and at most twice the bytes', () => {
  expect(allReduceMs(1, 1e6, ethernet, 0)).toBe(0);
  // 2 · 3 · 50 µs + 2 · 7/8 · 1 MB / (1.25 GB/s)
  expect(allReduceMs(8, 1e6, ethernet, 0)).toBeCloseTo(0.3 + 1.4, 10);
  expect(allReduceMs(1024, 1e6, ethernet, 0)).toBeLessThan(20 * 0.05 + 1.6);
});

it('more ranks are less efficient, a faster network and a longer step more', () => {
  const step = { name: 'L', stepMs: 100, gradientBytes: 1.6e6, copyMs: 1e-6 };
  const all = RANKS.map((p) => efficiency(p, step, ethernet, 1e-7));
  expect([...all].sort((a, b) => b - a)).toEqual(all);
  expect(efficiency(64, step, rdma, 1e-7)).toBeGreaterThan(efficiency(64, step, ethernet, 1e-7));
  expect(efficiency(64, { ...step, stepMs: 1000 }, ethernet, 1e-7)).toBeGreaterThan(all[3]!);
  expect(efficiency(1, { ...step, copyMs: 0 }, ethernet, 1e-7)).toBe(1);
});

it('the page shows the figures of the last run, and says what of them is predicted', () => {
  const found = JSON.parse(
    readFileSync(new URL('../results/scaling.json', import.meta.url), 'utf8'),
  ) as Report;
  const page = readFileSync(new URL('../../plugins/distributed-mpi/SCALING.md', import.meta.url), 'utf8');
  expect(withReport(page, found), 'write it: npm run bench -- --scaling --write').toBe(page);
  expect(report(found)).toMatch(/\*\*Predicted\*\*, nothing of it measured/);
  expect(found.four.ranks).toBe(4);
  for (const [i, loss] of found.four.losses.entries())
    expect(loss).toBeCloseTo(found.turns[0]!.one.losses[i]!, 5);
});
