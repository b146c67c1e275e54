import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadNative } from '@gatewise/engine-native';
import { afterAll, describe, expect, it } from 'vitest';
import { readOptions } from './args.js';
import { casesOf, gflop, measures } from './cases.js';
import { main } from './index.js';
import { difference } from './measure.js';
import { withTable } from './results.js';
import type { Row } from './rows.js';
import { type Subject, subjects } from './subjects.js';
import { targetTable } from './table.js';
import { targetsOf, verdict } from './targets.js';
import { Workers } from './workers.js';

const folder = mkdtempSync(join(tmpdir(), 'gatewise-bench-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('options', () => {
  it('measure everything by default', () => {
    const { peers, sizes, rounds, quick } = readOptions([]);
    expect(peers).toEqual([
      ...['tf.layers', 'torch', 'keras', 'onnxruntime', 'onnxruntime-node', 'brain.js', 'packed_lstm'],
    ]);
    expect([sizes, rounds, quick]).toEqual([['L', 'S', 'one', 'long'], 7, false]);
  });

  it('choose', () => {
    const given = ['--peers', 'none', '--sizes', 'S,L', '--engine', 'wasm', '--measures', 'streaming'];
    const { peers, sizes, engines, measures: chosen } = readOptions(given);
    expect([peers, sizes, engines, chosen]).toEqual([[], ['S', 'L'], ['wasm'], ['streaming']]);
  });

  it.each([
    [['--peer', 'none'], /GW_BENCH_OPTION.*--peers/],
    [['S'], /GW_BENCH_OPTION/],
    [['--sizes', 'XL'], /GW_BENCH_VALUE.*L, S, one, long/],
    [['--rounds', '0'], /GW_BENCH_VALUE/],
    [['--json'], /GW_BENCH_VALUE/],
    [['--quick=1'], /GW_BENCH_VALUE/],
    [['--quick', '--write'], /GW_BENCH_VALUE.*--write/],
  ])('refuse %j', (given, wanted) => {
    expect(() => readOptions(given)).toThrow(wanted);
  });
});

it('counts the products of a case', () => {
  const [one] = casesOf({ ...{ sizes: ['S'], cells: ['lstm'], measures: ['forward'], quick: false } });
  // 2 · B T · (I + H) · 4 H
  expect(gflop(one!)).toBeCloseTo((2 * 32 * 50 * (64 + 128) * 512) / 1e9, 12);
  expect(gflop({ ...one!, measure: 'gradients' })).toBeCloseTo(3 * gflop(one!), 12);
});

it('tells differences, also where there is no number', () => {
  expect(difference(Float32Array.of(1, 2), Float32Array.of(1, 1.5))).toBe(0.5);
  expect(difference(Float32Array.of(1, Number.NaN), Float32Array.of(1, 1))).toBe(Number.POSITIVE_INFINITY);
  expect(difference(Float32Array.of(1), Float32Array.of(1, 1))).toBe(Number.POSITIVE_INFINITY);
});

describe('targets', () => {
  const row = (name: string, medianMs: number, more: Partial<Row> = {}): Row => ({
    ...{ name, peer: name, backend: 'none', engine: 'none', cell: 'lstm', B: 32, T: 50, I: 64, H: 128 },
    ...{ measure: 'forward', medianMs, minMs: medianMs, maxMs: medianMs, gflops: 1, maxAbsDiff: 0, ...more },
  });
  const about = (rows: readonly Row[], what: string) => targetsOf(rows).find((t) => t.what.startsWith(what))!;

  it('pass, fall short, or miss a row', () => {
    const what = 'native vs torch, lstm S forward';
    expect(verdict(about([row('native', 2), row('torch', 2.2)], what))).toBe('pass');
    expect(verdict(about([row('native', 2), row('torch', 2)], what))).toBe('short');
    expect(verdict(about([row('native', 2)], what))).toBe('missing');
  });

  it('know shares of time and of the peak', () => {
    const around = about(
      [row('native', 2), row('native on cpu', 2.5)],
      "tf.js' share around native on cpu, lstm S",
    );
    expect([around.got, verdict(around)]).toEqual([expect.closeTo(0.2, 9), 'short']);
    const L = { B: 64, T: 100, I: 128, H: 256 };
    const gemm = row('GEMM by numpy', 10, { cell: 'gemm', gflops: 100, minMs: 8 });
    const share = about(
      [row('native', 1, { ...L, gflops: 100 }), gemm],
      'native, share of the GEMM peak, lstm L forward',
    );
    expect([share.got, verdict(share)]).toEqual([expect.closeTo(0.8, 9), 'pass']);
  });

  it('say of what is short how much the peak itself would give', () => {
    // 1 GFLOP/s for 2 ms; at the peak of 4 the same takes half a millisecond
    const gemm = row('GEMM by numpy', 10, { cell: 'gemm', gflops: 4 });
    const layers = (ms: number) =>
      about([row('native on node', 2), row('tf.layers on node', ms), gemm], 'native on node vs tf.layers');
    expect(layers(14).ceiling).toBeCloseTo(28, 9);
    expect(targetTable([layers(14)])).toMatch(/7\.00\s+SHORT, 28.00 at the machine's peak/);
    expect(targetTable([layers(70)])).toMatch(/35\.00\s+pass$/m);
  });
});

it('holds the observing plugins against none', () => {
  const what = 'quickstart, every observing plugin on';
  const row = (name: string, medianMs: number) => ({ name, medianMs }) as Row;
  const target = (ms: number) => {
    const rows = [row('quickstart, its recipe alone', 50), row('quickstart, every observing plugin on', ms)];
    return targetsOf(rows).find((t) => t.what.startsWith(what))!;
  };
  expect([verdict(target(52)), verdict(target(53))]).toEqual(['pass', 'short']);
});

it('replaces the table of a README and nothing else', () => {
  const readme = 'a\n<!-- last run -->\nold\n<!-- /last run -->\nz\n';
  expect(withTable(readme, 'new')).toBe('a\n<!-- last run -->\nnew\n<!-- /last run -->\nz\n');
});

describe('what is not there', () => {
  it('is said, once, with the reason', async () => {
    const said: string[] = [];
    const workers = new Workers(new Map([['torch', 'no network']]), (line) => said.push(line));
    const torch = subjects.find(({ name }) => name === 'torch')!;
    const broken: Subject = {
      ...torch,
      name: 'broken',
      needs: 'npm',
      command: { program: 'no-such-program', args: [] },
    };
    const failing: Subject = {
      ...broken,
      name: 'failing',
      command: { program: process.execPath, args: ['-e', 'console.error("it is ill"); process.exit(3)'] },
    };
    for (const subject of [torch, broken, failing, torch]) expect(await workers.isThere(subject)).toBe(false);
    workers.stop();
    expect(said).toEqual([
      'missing: torch: no network',
      expect.stringMatching(/^missing: broken: .*no-such-program/),
      expect.stringMatching(/^missing: failing: .*exit code 3; it said: it is ill/),
    ]);
  });
});

it('runs: rows, a chart, a file of JSON', async () => {
  const said: string[] = [];
  const json = join(folder, 'rows.json');
  const chosen = ['--engine', 'native,ops', '--peers', 'none', '--cells', 'lstm', '--rounds', '1'];
  const results = await main(['--quick', ...chosen, '--json', json], {
    folder,
    say: (line) => said.push(line),
  });
  const rows = JSON.parse(readFileSync(json, 'utf8')) as Row[];
  expect(rows).toEqual(results!.rows);
  expect([...new Set(rows.map(({ measure }) => measure))].sort()).toEqual([...measures].sort());
  for (const row of rows) {
    const { name, peer, backend, engine, cell, B, T, I, H, medianMs, minMs, maxMs, gflops, maxAbsDiff } = row;
    expect([typeof name, peer, typeof backend, cell]).toEqual(['string', 'gatewise', 'string', 'lstm']);
    expect(['native', 'ops']).toContain(engine);
    for (const n of [B, T, I, H]) expect(Number.isInteger(n)).toBe(true);
    expect(minMs > 0 && minMs <= medianMs && medianMs <= maxMs && gflops > 0).toBe(true);
    expect(maxAbsDiff).toBeLessThan(1e-4);
  }
  const native = rows.filter(({ engine }) => engine === 'native').length;
  if ('missing' in (await loadNative()))
    expect(said.join('\n')).toMatch(/missing: native: .*GW_ENGINE_NATIVE/);
  else expect(native).toBeGreaterThan(0);
  const svg = readFileSync(join(folder, 'last.svg'), 'utf8');
  expect(svg).toMatch(/^<svg /);
  expect(svg).toContain('prefers-color-scheme:dark');
  expect(svg).toContain('ops on cpu');
}, 600_000);
