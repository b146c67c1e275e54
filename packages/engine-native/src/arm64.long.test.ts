import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { allCells } from './test-support/all-cells.js';
import { buildFuzzer, fuzz } from './test-support/fuzz.js';

const answers = (name: string) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0;
const compiler = 'aarch64-linux-gnu-g++';
const emulator = 'qemu-aarch64';
const able = answers(compiler) && answers(emulator);
const title = able
  ? ''
  : ` (skipped: needs ${compiler} and ${emulator}; Debian: g++-aarch64-linux-gnu, qemu-user)`;

describe.skipIf(!able)(`the C++ core on arm64, emulated${title}`, () => {
  it('builds, stays inside its arrays and gives the same bits with several threads', async () => {
    const flags = ['-std=c++17', '-O3', '-ffp-contract=fast', '-fno-math-errno'];
    const binary = await buildFuzzer({ name: 'plain', compiler, flags, link: ['-static'], arch: 'arm64' });
    const { status, text } = fuzz(binary, allCells, 60, 1, emulator);
    expect(text).toMatch(/^\d+ runs\n$/);
    expect(status).toBe(0);
  }, 600_000);
});
