import { spawnSync } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { ensureNodeVersion, installDebian, isProgram, main, onPath, SetupError, tail } from './setup.mjs';

// mpirun and its library, for the tests of training in several processes. Optional: without them those are skipped by name.

const names = ['mpirun', 'mpiexec'];

/** The path of the first mpirun that starts, or a SetupError that says what was found; GATEWISE_MPIRUN names one. */
export async function findMpi() {
  const named = process.env.GATEWISE_MPIRUN;
  const found = (named ? [named] : onPath(names)).filter(isProgram);
  const broken = [];
  for (const path of found) {
    const done = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 60_000 });
    if (done.status === 0) return path;
    broken.push(`${path}, which does not start (${tail(done)})`);
  }
  if (broken.length > 0) throw wanting(broken.join(', '));
  if (named) throw wanting(`GATEWISE_MPIRUN=${named}, which is no program; likely fix: correct or unset it`);
  throw wanting(
    'none of mpirun, mpiexec on the path; likely fix: npm run setup:mpi as root, apt-get install openmpi-bin, or brew install open-mpi',
  );
}

const wanting = (what) => new SetupError('GW_SETUP_MPI', `wanted an mpirun, got ${what}`);

/** Installs Open MPI where no MPI is found; throws a SetupError that says what went wrong. */
async function setupMpi() {
  const missing = await findMpi().catch((error) => error);
  if (typeof missing === 'string') return missing;
  if (!(missing instanceof SetupError) || process.env.GATEWISE_MPIRUN) throw missing;
  const failure = installDebian(['openmpi-bin'], say);
  const found = await findMpi().catch(() => null);
  if (found !== null) {
    say(`done: ${found}`);
    return found;
  }
  const said = missing.message.slice(missing.code.length + 2);
  throw new SetupError(missing.code, failure === null ? said : `${said}\n${failure}`);
}

/** For tests: what is missing is a note, not a failure. */
export async function setupMpiWherePossible() {
  try {
    await setupMpi();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`left out, the tests with several processes will be skipped: ${error.message}`);
  }
}

function say(text) {
  console.log(`setup:mpi: ${text}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    ensureNodeVersion();
    say(`up to date: ${await setupMpi()}`);
  });
}
