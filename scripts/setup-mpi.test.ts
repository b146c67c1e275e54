import { describe, expect, it } from 'vitest';
import { aloneForEach, installs } from './setup-alone.js';

const { bin, program, setup } = aloneForEach('setup-mpi.mjs', 'setupMpiWherePossible', 'findMpi');

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
    const mpirun = bin('mpirun');
    program('apt-get', `[ "$1" = update ] && exit 0; echo 'exit 0' > ${mpirun}; /bin/chmod +x ${mpirun}`);
    expect(setup()).toBe(
      `setup:mpi: installing openmpi-bin with apt-get\nsetup:mpi: done: ${mpirun}\nfound ${mpirun}\n`,
    );
  });
});
