import { expect, it } from 'vitest';
import { line } from './command.js';
import { type BenchRow, measureAll } from './measure.js';

const size = { units: 3, batch: 2, time: 4, features: 2, steps: 2 };

it('times ours and tf.layers where it has the cell, and skips a backend that does not start', async () => {
  const told: unknown[] = [];
  const rows = await measureAll({ ...size, cell: 'lstm', backends: ['cpu', 'webgl'] }, (row) =>
    told.push(row),
  );
  expect(told).toEqual(rows);
  expect(rows[0]).toMatchObject({ backend: 'cpu', ours: expect.any(Number), tfLayers: expect.any(Number) });
  expect((rows[0] as BenchRow).engine).toMatch(/^(native|wasm)/);
  expect(rows[1]).toEqual({ backend: 'webgl', why: expect.stringMatching(/^GW_BACKEND_UNAVAILABLE/) });
  expect(rows.map(line)[0]).toMatch(/^ {2}cpu .* × {2}(native|wasm)/);
  expect(rows.map(line)[1]).toMatch(/^ {2}webgl +skipped: GW_BACKEND_UNAVAILABLE/);

  const [alone] = await measureAll({ ...size, cell: 'additive', backends: ['cpu'] });
  expect(alone).toMatchObject({ backend: 'cpu', tfLayers: null });
  expect(line(alone!)).toContain(' – ');
});
