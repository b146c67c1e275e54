import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { main } from './index.js';
import { presentGroups } from './peers/setup.js';
import type { Row } from './rows.js';

const folder = mkdtempSync(join(tmpdir(), 'gatewise-bench-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const there = presentGroups().length === 4;
const title = there ? 'peers' : 'peers, which npm run setup:peers sets up';

/** Whoever computes something else is left out before it is timed: every row stands for an agreement. */
describe.skipIf(!there)(title, () => {
  const measured = async (...argv: string[]) => {
    const said: string[] = [];
    const results = await main([...argv, '--rounds', '1'], { folder, say: (line) => said.push(line) });
    expect(said.filter((line) => line.includes('left out'))).toEqual([]);
    return results!.rows;
  };
  const cellsOf = (rows: readonly Row[], peer: string, measure: string) =>
    [...new Set(rows.filter((r) => r.peer === peer && r.measure === measure).map(({ cell }) => cell))].sort();

  it('compute what we compute: gates, biases, gradients, Adam, states', async () => {
    const rows = await measured('--quick');
    const all = ['gru-reset-after', 'lstm', 'vanilla'];
    for (const measure of ['forward', 'gradients', 'training-step', 'streaming']) {
      for (const peer of ['torch', 'keras'])
        expect([peer, measure, cellsOf(rows, peer, measure)]).toEqual([peer, measure, all]);
      expect(cellsOf(rows, 'tf.layers', measure)).toEqual(['lstm', 'vanilla']);
    }
    for (const measure of ['forward', 'streaming'])
      expect(cellsOf(rows, 'onnxruntime', measure)).toEqual(all);
    expect(cellsOf(rows, 'onnxruntime-node', 'streaming')).toEqual(all);
    for (const row of rows)
      expect(row.maxAbsDiff).toBeLessThan(row.measure === 'training-step' ? 2e-3 : 1e-5);
  });

  it('the prototype, and brain.js by its own equations', async () => {
    const chosen = [
      '--cells',
      'lstm',
      '--engine',
      'native',
      '--peers',
      'packed_lstm,brain.js',
      '--sizes',
      'S,one',
    ];
    const rows = await measured(...chosen, '--measures', 'forward,gradients');
    for (const measure of ['forward', 'gradients'])
      expect(cellsOf(rows, 'packed_lstm', measure)).toEqual(['lstm']);
    expect(cellsOf(rows, 'brain.js', 'forward')).toEqual(['lstm']);
    for (const { maxAbsDiff } of rows) expect(maxAbsDiff).toBeLessThan(1e-3);
  });
});
