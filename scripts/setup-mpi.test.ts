import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

// The real script in a folder of its own, with a path that has only the programs that a test puts there.

const scripts = dirname(fileURLToPath(import.meta.url));
const installs = existsSync('/etc/debian_version') && process.getuid?.() === 0;
let clone: string;

beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'gatewise-mpi-'));
  for (const folder of ['scripts', 'bin']) mkdirSync(join(clone, folder));
  for (const file of ['setup.mjs', 'setup-mpi.mjs'])
    copyFileSync(join(scripts, file), join(clone, 'scripts', file));
});
afterEach(() => rmSync(clone, { recursive: true, force: true }));

function program(name: string, text: string): string {
  const path = join(clone, 'bin', name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return path;
}

function setup(env: Record<string, string> = {}): string {
  const text = `
    import { findMpi, setupMpiWherePossible } from './scripts/setup-mpi.mjs';
    await setupMpiWherePossible();
    console.log('found', await findMpi().catch(({ code }) => code));
  `;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', text], {
    cwd: clone,
    encoding: 'utf8',
    env: { PATH: join(clone, 'bin'), ...env },
  });
  return child.stdout + child.stderr;
}

describe.skipIf(process.platform === 'win32')('setup-mpi', () => {
  it('takes the mpirun on the path, and one that is named before it', () => {
    const mpirun = program('mpirun', 'echo mpirun');
    expect(setup()).toBe(`found ${mpirun}\n`);
    const other = program('other', 'echo mpirun');
    expect(setup({ GATEWISE_MPIRUN: other })).toBe(`found ${other}\n`);
  });

  it('passes over one that does not start, and says what it said', () => {
    const broken = program('mpirun', 'echo no library; exit 127');
    const said = setup({ GATEWISE_MPIRUN: broken });
    expect(said).toContain(
      `GW_SETUP_MPI: wanted an mpirun, got ${broken}, which does not start (no library)`,
    );
    const other = program('mpiexec', 'echo mpiexec');
    expect(setup()).toBe(`found ${other}\n`);
  });

  it.runIf(installs)("installs Debian's package, and says what apt-get said where it can't", () => {
    program('apt-get', 'echo no network; exit 100');
    expect(setup()).toMatch(
      /left out, .* skipped: GW_SETUP_MPI: wanted an mpirun, got none .*\napt-get update failed:\nno network\nfound GW_SETUP_MPI/,
    );
    const mpirun = join(clone, 'bin', 'mpirun');
    program('apt-get', `[ "$1" = update ] && exit 0; echo 'exit 0' > ${mpirun}; /bin/chmod +x ${mpirun}`);
    expect(setup()).toBe(
      `setup:mpi: installing openmpi-bin with apt-get\nsetup:mpi: done: ${mpirun}\nfound ${mpirun}\n`,
    );
  });
});
