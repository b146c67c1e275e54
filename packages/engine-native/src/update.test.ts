import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findAddon } from './addon.js';

const addon = findAddon();
const missing = addon instanceof Error;
const title = missing ? ' (skipped: the addon is not built)' : '';

describe.skipIf(missing)(`updates and norms${title}`, () => {
  it('gives the same bits whatever the number of threads', () => {
    const script = `
      const addon = require(${JSON.stringify(fileURLToPath(new URL('../build/gatewise_native.node', import.meta.url)))});
      const of = (k) => Float32Array.from({ length: 50001 + k }, (_, i) => Math.sin(i * (k + 1)) * 1.1 ** (i % 50));
      const arrays = [0, 1, 2].flatMap((k) => [of(k), of(k), of(k), of(k), of(k).map(Math.abs)]);
      addon.update(4, Float32Array.of(0.1, 2, 0.9, 0.1, 0.99, 0.01, 1e-8), arrays);
      const hash = require('node:crypto').createHash('sha256');
      for (const a of arrays) hash.update(new Uint8Array(a.buffer));
      console.log(addon.describe()[1], hash.digest('hex'), addon.sumOfSquares(arrays));`;
    const [one, three] = ['1', '3'].map((threads) => {
      const env = { ...process.env, GATEWISE_THREADS: threads };
      return spawnSync(process.execPath, ['-e', script], { env, encoding: 'utf8' }).stdout.trim().split(' ');
    });
    expect([one![0], three![0]]).toEqual(['1', '3']);
    expect(three!.slice(1)).toEqual(one!.slice(1));
    expect(one![1]).toMatch(/^[0-9a-f]{64}$/);
  });
});
